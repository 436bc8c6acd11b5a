//! In the long run the agent takes no more memory, and in a tick hardly any.

mod counting;
mod drive;

use counting::{Counting, allocations, live_bytes};
use drive::Drive;
use edge_agent::{
    clock::Moment,
    sensor::{HostConfig, registry},
};
use protocol::ClockTrust;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn twenty_thousand_windows_take_no_more_memory_than_two_thousand() {
    // Few samples a window, because windows are what is counted here.
    let mut drive = Drive::new(20_000);
    drive.run_to(2_000);
    let after_two = live_bytes();
    drive.run_to(20_000);
    assert_eq!(live_bytes(), after_two, "bytes in use");
}

#[test]
fn a_tick_is_turned_into_a_message_with_few_allocations() {
    let mut drive = Drive::new(5_000);
    drive.run_to(10);
    let before = allocations();
    // Eleven ticks without a summary.
    (0..11).for_each(|_| drive.step());
    // The sample's values, the boot id of the stamp twice, the message; one may have been moved.
    assert!(allocations() - before <= 11 * 4 + 1, "{} in 11 ticks", allocations() - before);
}

#[test]
fn figures_of_the_kernel_are_read_without_allocating() {
    let mut lanes = registry(&HostConfig::default(), &[], &Default::default()).unwrap();
    let quiet = ["cpu", "memory", "swap", "network", "disk", "disk_io"];
    let mut seen = 0;
    for sensor in lanes[0].sensors.iter_mut().filter(|sensor| quiet.contains(&sensor.id().as_str())) {
        let mut values = vec![None; sensor.metrics().len()];
        let mut read = |tick: u64| {
            let at = Moment { monotonic_ms: tick * 5_000, time_ms: 0, clock: ClockTrust::Unsynchronized };
            sensor.read(at, &mut values).unwrap();
        };
        (1..5).for_each(&mut read);
        let before = allocations();
        (5..8).for_each(&mut read);
        assert_eq!(allocations() - before, 0, "{}", sensor.id());
        seen += 1;
    }
    assert!(seen >= 4, "cpu, memory, network and disk are on every machine");
}
