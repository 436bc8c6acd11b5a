//! The errors of the kernel's I2C subsystem, as `Documentation/i2c/fault-codes.rst` and the Pi's adapter use them.

/// A positive number of `<errno.h>`.
pub type Errno = i32;

pub use libc::{EINVAL, EIO, ENOSYS, ENOTTY, EOPNOTSUPP, EREMOTEIO, ETIMEDOUT};
