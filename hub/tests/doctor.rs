//! The doctor reads every summary, packed or not, and names what is damaged.

mod common;

use common::{
    Hub, backlog,
    place::{Place, apart, on_both, settings},
    summary,
};
use hub::store::{
    StoreError,
    examine::{Findings, Watch},
    postgresql, sqlite,
};

on_both!(async damaged_summaries_are_named, many_of_them_are_counted);

fn examine(place: &Place, watch: Watch<'_>) -> Result<Findings, StoreError> {
    match place {
        Place::File(path, _) => sqlite::examine(path, watch),
        Place::Database(server) => postgresql::examine(&settings(&server.url()), watch),
        _ => unreachable!(),
    }
}

fn problems(place: &Place) -> Vec<String> {
    apart(|| examine(place, &mut |_, _, _| {}).unwrap().problems)
}

async fn filled(place: &Place) {
    let mut hub = Hub::start_at(place).await;
    for device in ["roof", "shed"] {
        let minutes: Vec<String> =
            (1..=60).map(|n| summary("b1", n, n as i64 * 60_000, "a_percent", n as f64)).collect();
        hub.receive(&format!("edgewise/{device}/backlog"), backlog(&minutes), 9_000_000).await;
        while hub.next_ack().await.sequence < 60 {}
    }
    hub.stop().await;
}

async fn damaged_summaries_are_named(place: Place) {
    filled(&place).await;
    let mut told = Vec::new();
    let found = apart(|| examine(&place, &mut |what, done, whole| told.push((what, done, whole))).unwrap());
    assert_eq!((found.problems, found.waiting.0), (Vec::<String>::new(), 120));
    let read: Vec<_> = told.iter().filter(|(what, ..)| *what == "summaries").collect();
    assert!(read.len() == 120 && *read[119] == ("summaries", 120, 120), "{read:?}");

    let of = |device: &str, sequence: u64| format!("WHERE device = '{device}' AND sequence = {sequence}");
    // Cut off, and another's in its place.
    place.change(&match place {
        Place::File(..) => format!("UPDATE summaries SET body = substr(body, 1, 9) {}", of("shed", 17)),
        _ => format!("UPDATE summaries SET body = left(body, 99) {}", of("shed", 17)),
    });
    place.change(&format!(
        "UPDATE summaries SET body = (SELECT body FROM summaries {}) {}",
        of("roof", 5),
        of("roof", 4)
    ));
    let found = problems(&place);
    assert_eq!(found.len(), 2, "{found:?}");
    for damaged in ["summary 17 of shed in run b1 is damaged: ", "summary 4 of roof in run b1 is damaged: "] {
        assert!(found.iter().any(|line| line.starts_with(damaged)), "{damaged} is not in {found:?}");
    }
}

async fn many_of_them_are_counted(place: Place) {
    filled(&place).await;
    place.change(match place {
        Place::File(..) => "UPDATE summaries SET body = x'00'",
        _ => "UPDATE summaries SET body = '{}'",
    });
    let found = problems(&place);
    assert_eq!((found.len(), found[20].as_str()), (21, "and 100 more of the kind"));
}
