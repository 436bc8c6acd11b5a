//! A broker to test: the embedded one or mosquitto, with the same handles.

use crate::client::{Client, Options};
use crate::mosquitto::Mosquitto;
use hub::mqtt::{Broker, Incoming, Settings, embedded, start};
use protocol::Prefix;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::sync::mpsc;

pub(crate) enum Kind {
    Embedded,
    Mosquitto,
}

/// A running broker that lets everybody in.
pub(crate) struct Bench {
    broker: Running,
}

enum Running {
    Embedded(Hub),
    Mosquitto(Mosquitto),
}

impl Bench {
    pub(crate) async fn start(kind: Kind) -> Self {
        Self {
            broker: match kind {
                Kind::Embedded => Running::Embedded(Hub::start().await),
                Kind::Mosquitto => Running::Mosquitto(Mosquitto::start().await),
            },
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        match &self.broker {
            Running::Embedded(hub) => hub.address(),
            Running::Mosquitto(mosquitto) => mosquitto.address(),
        }
    }

    pub(crate) async fn client(&self, options: Options) -> Client {
        Client::connect(self.address(), options).await.unwrap()
    }

    /// Ends the broker and starts it again on the same port.
    pub(crate) async fn restart(self) -> Self {
        let broker = match self.broker {
            Running::Embedded(hub) => Running::Embedded(hub.restart().await),
            Running::Mosquitto(mosquitto) => Running::Mosquitto(mosquitto.restart().await),
        };
        Self { broker }
    }
}

/// An embedded broker and what reached the hub by it.
pub(crate) struct Hub {
    pub(crate) broker: Broker,
    pub(crate) incoming: mpsc::Receiver<Incoming>,
}

impl Hub {
    pub(crate) async fn start() -> Self {
        Self::start_with(settings(0), 1000).await
    }

    /// With room for so many messages to the hub.
    pub(crate) async fn start_with(settings: embedded::Settings, room: usize) -> Self {
        let (sender, incoming) = mpsc::channel(room);
        let broker = start(Settings::Embedded(settings), sender).await.unwrap();
        Self { broker, incoming }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        match &self.broker {
            Broker::Embedded(broker) => broker.local_addr(),
            Broker::External(_) => unreachable!("started as embedded"),
        }
    }

    pub(crate) async fn client(&self, options: Options) -> Client {
        Client::connect(self.address(), options).await.unwrap()
    }

    async fn restart(self) -> Self {
        let port = self.address().port();
        self.broker.shutdown().await;
        Self::start_with(settings(port), 1000).await
    }
}

/// Open to everybody on loopback.
pub(crate) fn settings(port: u16) -> embedded::Settings {
    embedded::Settings {
        listen: (Ipv4Addr::LOCALHOST, port).into(),
        credentials: None,
        prefix: Prefix::default(),
        retained: Vec::new(),
    }
}
