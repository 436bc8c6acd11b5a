//! From a topic and a payload to a message of the contract, or one line that says why not.

use crate::{mqtt::Incoming, store::minute::Minute};
use bytes::Bytes;
use bytestring::ByteString;
use protocol::{
    Backlog, Birth, Channel, CommandResult, DeviceId, IdError, InvalidSummary, Prefix, State, Status,
    Summary, Topic, Topics, UnknownStatus, Version,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{error::Category, value::RawValue};
use std::borrow::Cow;

mod known;

use known::Known;

/// Largest payload that is read, in bytes.
pub const MAX_PAYLOAD: usize = 1 << 20;
/// Most metrics in one message.
pub const MAX_METRICS: usize = 1000;
/// Highest sequence: the highest whole number that every JSON reader holds exactly.
const MAX_SEQUENCE: u64 = (1 << 53) - 1;

/// A message of the contract.
#[derive(Debug)]
pub struct Message {
    /// Whom it is about.
    pub device: DeviceId,
    /// Whether the broker kept it from earlier.
    pub retained: bool,
    /// What it says.
    pub body: Body,
}

/// What a message says, and the text in which it was said.
#[derive(Debug)]
pub enum Body {
    /// Whether the device is there.
    Status(Status),
    /// Who the device is.
    Birth(Box<Birth>, ByteString),
    /// Its live values.
    State(Box<State>, ByteString),
    /// Its record: one minute, or many after an outage.
    Summaries(Vec<ReceivedSummary>),
    /// What became of a command.
    Result(CommandResult),
}

/// A summary without its figures.
pub type Head = Summary<(), ()>;

/// A summary as it arrived.
#[derive(Debug)]
pub struct ReceivedSummary {
    /// Which one it is.
    pub head: Head,
    /// Its figures.
    pub minute: Minute,
    /// The JSON as received, without blanks around it. UTF-8.
    pub text: Bytes,
}

/// Why a message is refused. Each is one line for the log.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A topic of ours with a device id that is none.
    #[error("{0}")]
    BadDevice(IdError),
    /// More than [`MAX_PAYLOAD`].
    #[error("the payload has {0} bytes, {MAX_PAYLOAD} are allowed")]
    TooLarge(usize),
    /// Not JSON.
    #[error("malformed JSON: {0}")]
    Malformed(String),
    /// JSON has no NaN and no infinity, though some writers emit them.
    #[error("{0} is no number: a metric without a value is left out")]
    NotANumber(&'static str),
    /// Another version of the contract.
    #[error(
        "contract version {0} is unknown here, this hub reads version {number}: update the hub or the agent",
        number = Version::NUMBER
    )]
    UnknownVersion(u64),
    /// JSON, but not of the shape that the contract asks for.
    #[error("not what the contract says: {0}")]
    WrongShape(String),
    /// More than [`MAX_METRICS`].
    #[error("{0} metrics in one message, {MAX_METRICS} are allowed")]
    TooManyMetrics(usize),
    /// A summary that contradicts itself.
    #[error("summary {sequence} contradicts itself: {reason}")]
    InvalidSummary {
        /// Which one.
        sequence: u64,
        /// In what.
        reason: InvalidSummary,
    },
    /// A sequence that JSON cannot carry exactly.
    #[error("sequence {0} is above {MAX_SEQUENCE}")]
    SequenceTooHigh(u64),
    /// Neither `online` nor `offline`.
    #[error("{0}")]
    BadStatus(UnknownStatus),
    /// No room for one more device.
    #[error("the hub already knows {0} devices, which is its limit")]
    TooManyDevices(usize),
}

/// What became of a message.
#[derive(Debug)]
pub enum Decoded {
    /// It is understood. Summaries of a backlog that are not are told apart, so that one bad entry does
    /// not hold up the others.
    Message(Message, Vec<Refused>),
    /// Somebody else's topic, a channel that the hub does not read, or the deletion of a retained message.
    Ignored,
    /// It is not understood. The device is known when its topic was.
    Refused(Option<DeviceId>, Refused),
}

/// Reads messages below one prefix.
#[derive(Debug, Clone)]
pub struct Decoder {
    topics: Topics,
    below: String,
    known: Known,
    shares: bool,
}

impl Decoder {
    /// A reader of the topics below `prefix`.
    pub fn new(prefix: Prefix) -> Self {
        Self {
            below: format!("{prefix}/"),
            topics: Topics::new(prefix),
            known: Known::default(),
            shares: false,
        }
    }

    /// The same, but what is kept of a payload is a part of it and no copy, if `shares`. For payloads with memory of their
    /// own: of one that was read together with others all of them would be kept.
    #[must_use]
    pub fn sharing(self, shares: bool) -> Self {
        Self { shares, ..self }
    }

    /// Understands a message.
    pub fn decode(&mut self, incoming: &Incoming) -> Decoded {
        let Some(Topic::Device(device, channel)) = self.topics.parse(&incoming.topic) else {
            return self.not_ours(&incoming.topic);
        };
        let payload = &incoming.payload;
        if payload.is_empty() && incoming.retained {
            return Decoded::Ignored;
        }
        let mut refused = Vec::new();
        let body = match channel {
            Channel::Ack | Channel::Command => return Decoded::Ignored,
            _ if payload.len() > MAX_PAYLOAD => Err(Refused::TooLarge(payload.len())),
            // What deletes a retained message arrives live at those who are subscribed.
            Channel::Status | Channel::Birth | Channel::State if payload.is_empty() => {
                return Decoded::Ignored;
            }
            Channel::Status => status(payload),
            Channel::Birth => self.birth(payload),
            Channel::State => self.state(payload),
            Channel::Summary => text(payload)
                .and_then(|text| self.summary(&device, text, payload))
                .map(|summary| Body::Summaries(vec![summary])),
            Channel::Backlog => self.backlog(&device, payload, &mut refused),
            Channel::Result => text(payload).and_then(parse).map(Body::Result),
        };
        match body {
            Ok(body) => Decoded::Message(Message { device, retained: incoming.retained, body }, refused),
            Err(reason) => Decoded::Refused(Some(device), reason),
        }
    }

    fn birth(&self, payload: &Bytes) -> Result<Body, Refused> {
        let text = text(payload)?;
        let birth: Birth = parse(text)?;
        few(birth.metrics.len())?;
        Ok(Body::Birth(Box::new(birth), self.kept(text, payload)))
    }

    fn state(&self, payload: &Bytes) -> Result<Body, Refused> {
        let text = text(payload)?;
        let state: State = parse(text)?;
        few(state.now.len().max(state.mean.len()).max(state.faults.len()))?;
        Ok(Body::State(Box::new(state), self.kept(text, payload)))
    }

    /// The text without line breaks and blanks around it, to be kept.
    fn kept(&self, text: &str, payload: &Bytes) -> ByteString {
        let text = text.trim();
        match one_line(text.as_bytes()) {
            // Not where most of the payload is blanks, which would be kept as well.
            Cow::Borrowed(line) if self.shares && line.len() >= payload.len() / 2 => {
                ByteString::try_from(payload.slice_ref(line)).unwrap_or_else(|_| text.into())
            }
            Cow::Borrowed(_) => text.into(),
            Cow::Owned(line) => String::from_utf8_lossy(&line).into_owned().into(),
        }
    }

    fn summary(
        &mut self,
        device: &DeviceId,
        text: &str,
        payload: &Bytes,
    ) -> Result<ReceivedSummary, Refused> {
        let (head, minute) = match self.known.read(device, text) {
            Some(found) => found,
            None => {
                let (head, mut minute) = summary(text)?;
                self.known.expect(device, &mut minute);
                (head, minute)
            }
        };
        Ok(ReceivedSummary { head, minute, text: payload.slice_ref(text.trim().as_bytes()) })
    }

    fn backlog(
        &mut self,
        device: &DeviceId,
        payload: &Bytes,
        refused: &mut Vec<Refused>,
    ) -> Result<Body, Refused> {
        let text = text(payload)?;
        let entries: Backlog<&RawValue> =
            serde_json::from_str(text).map_err(|error| explain(text, &error))?;
        let mut good = Vec::with_capacity(entries.summaries.len());
        for entry in entries.summaries {
            match self.summary(device, entry.get(), payload) {
                Ok(summary) => good.push(summary),
                Err(reason) => refused.push(reason),
            }
        }
        Ok(Body::Summaries(good))
    }

    fn not_ours(&self, topic: &str) -> Decoded {
        let device = topic.strip_prefix(&self.below).and_then(|rest| {
            let (device, last) = rest.rsplit_once('/')?;
            Channel::ALL.iter().any(|c| c.as_str() == last).then_some(device)
        });
        match device.map(str::parse::<DeviceId>) {
            Some(Err(error)) => Decoded::Refused(None, Refused::BadDevice(error)),
            _ => Decoded::Ignored,
        }
    }
}

fn text(payload: &[u8]) -> Result<&str, Refused> {
    std::str::from_utf8(payload).map_err(|error| Refused::Malformed(format!("not UTF-8: {error}")))
}

fn status(payload: &[u8]) -> Result<Body, Refused> {
    text(payload)?.parse().map(Body::Status).map_err(Refused::BadStatus)
}

fn summary(text: &str) -> Result<(Head, Minute), Refused> {
    let summary: Summary = parse(text)?;
    few(summary.mean.len())?;
    summary.check().map_err(|reason| Refused::InvalidSummary { sequence: summary.sequence, reason })?;
    if summary.sequence > MAX_SEQUENCE {
        return Err(Refused::SequenceTooHigh(summary.sequence));
    }
    let Summary { version, sequence, stamp, machine_boot, window_ms, mean, min, max, last, count } = summary;
    let names = known::order(text, &mean);
    let minute = Minute::new(names, [&mean, &min, &max, &last], &count);
    let (mean, min, max, last, count) = ((), (), (), (), ());
    Ok((Summary { version, sequence, stamp, machine_boot, window_ms, mean, min, max, last, count }, minute))
}

fn few(metrics: usize) -> Result<(), Refused> {
    if metrics > MAX_METRICS { Err(Refused::TooManyMetrics(metrics)) } else { Ok(()) }
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Refused> {
    serde_json::from_str(text).map_err(|error| explain(text, &error))
}

/// Says what is wrong with a text that could not be read.
fn explain(text: &str, error: &serde_json::Error) -> Refused {
    #[derive(Deserialize)]
    struct Versioned {
        version: u64,
    }
    if error.classify() == Category::Data {
        // Another version may differ in anything, so its number explains more than the first difference.
        return match serde_json::from_str(text) {
            Ok(Versioned { version }) if version != u64::from(Version::NUMBER) => {
                Refused::UnknownVersion(version)
            }
            _ => Refused::WrongShape(error.to_string()),
        };
    }
    let line = text.split('\n').nth(error.line().saturating_sub(1)).unwrap_or_default().as_bytes();
    let column = error.column();
    let near = &line[column.saturating_sub(3).min(line.len())..(column + 9).min(line.len())];
    match ["NaN", "Infinity"].into_iter().find(|word| near.windows(word.len()).any(|w| w == word.as_bytes()))
    {
        Some(word) => Refused::NotANumber(word),
        None => Refused::Malformed(error.to_string()),
    }
}

/// The JSON text without line breaks, which the stream's format could not carry. In valid JSON they stand
/// only between tokens.
pub fn one_line(text: &[u8]) -> Cow<'_, [u8]> {
    let is_break = |byte: &u8| matches!(byte, b'\n' | b'\r');
    if text.contains(&b'\n') || text.contains(&b'\r') {
        Cow::Owned(text.iter().map(|byte| if is_break(byte) { b' ' } else { *byte }).collect())
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests;
