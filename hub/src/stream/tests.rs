use super::*;

fn summary(stream: &Stream, text: &str) {
    stream.summary(&"roof".parse().unwrap(), 7, text.as_bytes());
}

async fn next(reader: &mut Reader) -> Arc<Item> {
    match reader.next().await {
        Next::Event(item) => item,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_reader_gets_the_same_bytes() {
    let stream = Stream::new(10, 0xab);
    let (mut one, mut two) = (stream.subscribe(), stream.subscribe());
    summary(&stream, "{}");
    let (first, second) = (next(&mut one).await, next(&mut two).await);
    let expected =
        "id: ab-1\nevent: summary\ndata: {\"device\":\"roof\",\"received_ms\":7,\"summary\":{}}\n\n";
    assert_eq!(first.event, expected);
    assert!(Arc::ptr_eq(&first, &second), "serialised once");
}

#[tokio::test]
async fn a_slow_reader_is_told_how_much_it_missed_and_goes_on_from_the_newest() {
    let stream = Stream::new(4, 0);
    let mut slow = stream.subscribe();
    (0..10).for_each(|i| summary(&stream, &i.to_string()));
    assert!(matches!(slow.next().await, Next::Lagged(10)));
    summary(&stream, "\"newest\"");
    assert!(next(&mut slow).await.event.ends_with(b"\"summary\":\"newest\"}\n\n"));
    drop(stream);
    assert!(matches!(slow.next().await, Next::Closed));
}

#[tokio::test]
async fn who_comes_back_in_time_misses_nothing() {
    let stream = Stream::new(4, 5);
    let mut reader = stream.subscribe();
    summary(&stream, "1");
    next(&mut reader).await;
    let position: Position = reader.position().to_string().parse().unwrap();
    drop(reader);
    (2..=5).for_each(|i| summary(&stream, &i.to_string()));
    let mut back = stream.resume(position).unwrap();
    for number in 2..=5 {
        assert_eq!(next(&mut back).await.position, Position { run: 5, number });
    }
    summary(&stream, "6");
    assert!(stream.resume(position).is_none(), "the second event is gone");
    assert!(stream.resume(Position { run: 5, number: 6 }).is_some());
    assert!(stream.resume(Position { run: 5, number: 7 }).is_none(), "not yet published");
    assert!(stream.resume(Position { run: 4, number: 6 }).is_none(), "of another run");
}

#[test]
fn nothing_is_kept_for_nobody() {
    let stream = Stream::new(4, 5);
    summary(&stream, "1");
    assert!(!stream.is_watched(), "nobody was ever there");
    assert!(stream.resume(Position { run: 5, number: 0 }).is_none());
    drop(stream.subscribe());
    (2..=5).for_each(|i| summary(&stream, &i.to_string()));
    assert!(!stream.is_watched(), "the ring has turned over since");
    summary(&stream, "6");
    assert!(stream.ring.lock().after(5).is_err());
    assert_eq!(stream.readers(), 0);
}

#[test]
fn a_position_is_read_back_and_nothing_else_is_one() {
    for text in ["", "-", "5", "x-1", "1-x", "1-2-3", "1--2"] {
        assert!(text.parse::<Position>().is_err(), "{text}");
    }
    let position = Position { run: 0xfeed, number: 12 };
    assert_eq!(position.to_string().parse(), Ok(position));
}

#[tokio::test]
async fn large_events_make_each_other_go_but_the_newest_stays() {
    let stream = Stream::new(100, 0);
    let mut slow = stream.subscribe();
    let large = format!("\"{}\"", "x".repeat(12 << 20));
    (0..4).for_each(|_| summary(&stream, &large));
    assert!(matches!(slow.next().await, Next::Lagged(4)), "two of them have room");
    summary(&stream, &large);
    assert_eq!(next(&mut slow).await.position.number, 5);
}
