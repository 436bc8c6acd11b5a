//! The sensors as the agent reads them, byte by byte, with their data sheets' examples and their faults.

mod ads1115;
mod bh1750;
mod bmp180;
mod documentation;
mod ds18b20;
mod htu21d;
mod ina219;
mod scd4x;
mod scripted;
mod sht3x;
mod sht4x;
