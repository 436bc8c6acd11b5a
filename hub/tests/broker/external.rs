//! The hub as a client of a real mosquitto.
