use crate::{
    ingest::decode::{Body, Decoded, Decoder},
    mqtt::Incoming,
};
use protocol::Prefix;

/// Not in the order of the alphabet, as an agent is free to write them.
const USUAL: &str = r#"{"version":1,"boot":"b","monotonic_ms":5,"time_ms":9,"clock":"synchronized","sequence":7,"window_ms":60000,"mean":{"b_volts":2.5,"a_percent":-1e-3},"min":{"b_volts":2,"a_percent":-1.0},"max":{"b_volts":3.25,"a_percent":4},"last":{"b_volts":2,"a_percent":0},"count":{"b_volts":12,"a_percent":11}}"#;

fn decode(decoder: &mut Decoder, text: &str) -> String {
    let topic = "edgewise/roof/summary".to_owned();
    let payload = bytes::Bytes::copy_from_slice(text.as_bytes());
    let decoded = decoder.decode(&Incoming { topic, payload, retained: false });
    // What is not of the same shape may come in another order, which says nothing.
    match decoded {
        Decoded::Message(message, refused) => match message.body {
            Body::Summaries(all) => all
                .iter()
                .map(|one| {
                    let mut figures: Vec<_> = one.minute.by_name().collect();
                    figures.sort_by_key(|(name, _)| name.as_str());
                    format!("{:?} {figures:?} {:?} {refused:?}", one.head, one.text)
                })
                .collect(),
            other => format!("{other:?}"),
        },
        other => format!("{other:?}"),
    }
}

#[test]
fn what_is_known_is_read_the_short_way_and_what_is_not_is_not() {
    let mut decoder = Decoder::new(Prefix::default());
    let roof = "roof".parse().unwrap();
    assert!(decoder.known.read(&roof, USUAL).is_none());
    decode(&mut decoder, USUAL);
    let (head, minute) = decoder.known.read(&roof, USUAL).unwrap();
    assert_eq!((head.sequence, minute.figures.len(), minute.shape.names()[0].as_str()), (7, 2, "b_volts"));
    assert!(decoder.known.read(&"shed".parse().unwrap(), USUAL).is_none());
    assert!(decoder.known.read(&roof, &USUAL.replace("a_percent", "c_percent")).is_none());
}

#[test]
fn the_short_way_says_what_the_long_way_says() {
    let with = |from: &str, to: &str| {
        assert!(USUAL.contains(from), "{from}");
        USUAL.replace(from, to)
    };
    let texts = [
        USUAL.to_owned(),
        format!(" \n{}\r\n", USUAL.replace(',', " ,\n")),
        format!("{USUAL}x"),
        format!("{USUAL}{USUAL}"),
        USUAL[..USUAL.len() - 1].to_owned(),
        with("\"version\":1", "\"version\":2"),
        with("\"version\":1,", ""),
        with("\"version\":1,", "\"version\":1,\"version\":1,"),
        with("\"boot\":\"b\"", "\"boot\":\"b/c\""),
        with("\"boot\":\"b\"", "\"boot\":\"b\",\"boot\":\"c\""),
        with("\"boot\":\"b\"", "\"boot\":\"\\u0062\""),
        with("\"boot\":\"b\"", "\"boot\":\"b\",\"machine_boot\":\"m\""),
        with("\"boot\":\"b\"", "\"boot\":\"b\",\"machine_boot\":null,\"new\":{\"a\":[1,{}]}"),
        with("synchronized", "unsynchronized"),
        with("synchronized", "doubtful"),
        with("\"sequence\":7", "\"sequence\":0"),
        with("\"sequence\":7", "\"sequence\":9007199254740992"),
        with("\"sequence\":7", "\"sequence\":-1"),
        with("\"time_ms\":9", "\"time_ms\":-9"),
        with("\"window_ms\":60000,", ""),
        with("2.5", "null"),
        with("2.5", "1e999"),
        with("2.5", "NaN"),
        with("2.5", "2.50000000000000000000001"),
        with("2.5", "9"),
        with("-1.0", "9"),
        with("\"b_volts\":12", "\"b_volts\":0"),
        with("\"b_volts\":12", "\"b_volts\":12.0"),
        with("\"b_volts\":12", "\"b_volts\":4294967296"),
        with("\"b_volts\":12,", ""),
        with("\"b_volts\":12,", "\"b_volts\":12,\"c_volts\":12,"),
        with("\"b_volts\":2.5,", "\"b_volts\":2.5,\"b_volts\":2.5,"),
        with("\"b_volts\":2.5,", "\"\\u0062_volts\":2.5,"),
        with("\"b_volts\":2.5,\"a_percent\":-1e-3", "\"a_percent\":-1e-3,\"b_volts\":2.5"),
        with("\"b_volts\":", "\"c_volts\":"),
        with("\"b_volts\":", "\"B\":"),
        with("\"mean\":{\"b_volts\":2.5,\"a_percent\":-1e-3}", "\"mean\":{}"),
        with("\"mean\":{\"b_volts\":2.5,\"a_percent\":-1e-3}", "\"mean\":[1,2]"),
        with("\"max\":", "\"max\":{},\"max\":"),
        r#"{"version":1,"boot":"b","monotonic_ms":5,"time_ms":9,"clock":"synchronized","sequence":7,"window_ms":60000,"mean":{},"min":{},"max":{},"last":{},"count":{}}"#.to_owned(),
    ];
    for text in texts {
        let fresh = decode(&mut Decoder::new(Prefix::default()), &text);
        let mut decoder = Decoder::new(Prefix::default());
        decode(&mut decoder, USUAL);
        assert_eq!(decode(&mut decoder, &text), fresh, "{text}");
        assert_eq!(decode(&mut decoder, USUAL), decode(&mut Decoder::new(Prefix::default()), USUAL));
    }
}
