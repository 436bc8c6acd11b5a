//! What only the embedded broker does.
