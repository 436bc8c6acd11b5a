//! Where the broker asks us, and tells us.

use super::acl::Rules;
use super::takeover::Connections;
use crate::mqtt::counters::worth_a_line;
use crate::mqtt::{Counters, Credentials, Incoming};
use crate::{clock, complaints::Complaints};
use async_trait::async_trait;
use parking_lot::Mutex;
use rmqtt::hook::{Handler, HookResult, Parameter, Register, ReturnType, Type};
use rmqtt::inflight::{MomentStatus, OutInflightMessage};
use rmqtt::session::Session;
use rmqtt::types::{
    AuthResult, ConnectInfo, From, FromType, LastWill, Publish, PublishAclResult, QoS, Reason, To,
};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::mpsc;

/// What the hooks share.
pub(super) struct Gate {
    pub(super) rules: Rules,
    pub(super) credentials: Option<Credentials>,
    /// Gone when the broker ends: what clients then lose is not their doing.
    pub(super) incoming: RwLock<Option<mpsc::Sender<Incoming>>>,
    pub(super) counters: Arc<Counters>,
    pub(super) connections: Connections,
    pub(super) complaints: Mutex<Complaints<(String, Refused)>>,
}

/// What a client was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Refused {
    Login,
    Will,
    Message,
}

/// The same refusal of the same client is logged once in this time, in milliseconds.
pub(super) const COMPLAINT_INTERVAL_MS: u64 = 60_000;

/// Where we want to be asked.
const HOOKS: [Type; 7] = [
    Type::ClientAuthenticate,
    Type::ClientConnected,
    Type::ClientDisconnected,
    Type::MessagePublish,
    Type::MessagePublishCheckAcl,
    Type::MessageDelivered,
    Type::MessageDropped,
];

struct Hook(Arc<Gate>);

/// Puts the gate in place.
pub(super) async fn install(gate: &Arc<Gate>, register: Box<dyn Register>) {
    for hook in HOOKS {
        register.add(hook, Box::new(Hook(gate.clone()))).await;
    }
    register.start().await;
}

// Spelling the lifetime out makes the method differ from the trait's, after the macro.
#[allow(elided_lifetimes_in_paths)]
#[async_trait]
impl Handler for Hook {
    async fn hook(&self, event: &Parameter, so_far: Option<HookResult>) -> ReturnType {
        let gate = &self.0;
        match event {
            Parameter::ClientAuthenticate(connect) => {
                return (false, Some(HookResult::AuthResult(gate.admit(connect))));
            }
            Parameter::MessagePublishCheckAcl(session, message) => {
                let verdict = gate.publish(session, message).await;
                return (false, Some(HookResult::PublishAclResult(verdict)));
            }
            Parameter::MessagePublish(_, from, message) => gate.will(from, message).await,
            Parameter::MessageDelivered(session, from, message) => keep(session, from, message).await,
            Parameter::ClientConnected(session) => gate.connections.opened(&session.id.client_id).await,
            Parameter::ClientDisconnected(session, reason) => gate.disconnected(session, reason),
            Parameter::MessageDropped(Some(to), _, message, reason) => gate.dropped(to, message, reason),
            _ => {}
        }
        (true, so_far)
    }
}

impl Gate {
    /// From now on nothing reaches the hub, which sees its channel end once it has read what is there.
    pub(super) fn close(&self) {
        *self.incoming.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn incoming(&self) -> Option<mpsc::Sender<Incoming>> {
        self.incoming.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts a refusal. `Some` asks for a line about it, with the number of those that got none.
    fn refused(&self, who: &str, what: Refused) -> Option<u64> {
        self.counters.count_refused();
        self.complaints.lock().note((who.to_owned(), what), clock::now_ms())
    }

    /// Whether a client may connect. A will bypasses the check of messages, so it is checked here, before
    /// it exists.
    fn admit(&self, connect: &ConnectInfo) -> AuthResult {
        let client_id: &str = connect.client_id();
        let address = connect.ipaddress().map(|address| address.to_string()).unwrap_or_default();
        if let Some(credentials) = &self.credentials {
            let user = connect.username().map(|user| user.as_bytes().as_ref());
            if !credentials.matches(user, connect.password().map(AsRef::as_ref)) {
                // By address: who guesses may give another client id each time.
                if let Some(more) = self.refused(&address, Refused::Login) {
                    tracing::warn!(
                        client_id,
                        address,
                        more,
                        "connection refused: wrong MQTT user or password"
                    );
                }
                return AuthResult::BadUsernameOrPassword;
            }
        }
        let will = match connect.last_will() {
            Some(LastWill::V3(will)) => Some(&will.topic),
            Some(LastWill::V5(will)) => Some(&will.topic),
            None => None,
        };
        if let Some(topic) = will
            && let Err(refusal) = self.rules.may_publish(client_id, topic)
        {
            if let Some(more) = self.refused(client_id, Refused::Will) {
                let topic: &str = topic;
                tracing::warn!(client_id, address, topic, %refusal, more, "connection refused for its will");
            }
            return AuthResult::NotAuthorized;
        }
        AuthResult::Allow(false, None)
    }

    /// Decides on a message and, once it is allowed, hands it to the hub. The publisher gets its PUBACK only
    /// afterwards, so a full channel slows it down.
    async fn publish(&self, session: &Session, message: &Publish) -> PublishAclResult {
        let client_id: &str = &session.id.client_id;
        if let Err(refusal) = self.rules.may_publish(client_id, &message.topic) {
            if let Some(more) = self.refused(client_id, Refused::Message) {
                tracing::warn!(client_id, topic = &*message.topic, %refusal, more, "message refused");
            }
            return PublishAclResult::rejected(false, Some(refusal.to_string().into()));
        }
        if self.ingest(message).await {
            PublishAclResult::allow()
        } else {
            // Disconnecting keeps the PUBACK back: the client sends the message again, to the next hub.
            PublishAclResult::rejected(true, Some("the hub is shutting down".into()))
        }
    }

    /// A will is published without being checked again; it was at CONNECT.
    async fn will(&self, from: &From, message: &Publish) {
        if matches!(from.typ(), FromType::LastWill) {
            self.ingest(message).await;
        }
    }

    /// Whether the hub has it, or does not want it. `false`: the hub is going away.
    async fn ingest(&self, message: &Publish) -> bool {
        let Some(incoming) = self.incoming() else { return false };
        if !self.rules.is_for_hub(&message.topic) {
            return true;
        }
        let message =
            Incoming { topic: message.topic.to_string(), payload: message.payload.clone(), retained: false };
        incoming.send(message).await.is_ok()
    }

    fn dropped(&self, to: &To, message: &Publish, reason: &Reason) {
        if worth_a_line(self.counters.count_dropped_for_subscribers()) {
            let (client_id, topic) = (&*to.client_id, &*message.topic);
            tracing::warn!(client_id, topic, %reason, "a message for a subscriber was dropped");
        }
    }

    fn disconnected(&self, session: &Session, reason: &Reason) {
        let client_id: &str = &session.id.client_id;
        self.connections.closed(client_id);
        if self.incoming().is_none() {
            return;
        }
        if is_usual(reason) {
            tracing::debug!(client_id, %reason, "client gone");
        } else {
            tracing::warn!(client_id, %reason, "client disconnected by the broker");
        }
    }
}

/// Whether clients come and go for such a reason every day.
fn is_usual(reason: &Reason) -> bool {
    match reason {
        Reason::ConnectDisconnect(_)
        | Reason::ConnectRemoteClose
        | Reason::ConnectKeepaliveTimeout
        | Reason::ConnectKicked(_) => true,
        Reason::Reasons(several) => several.iter().all(is_usual),
        _ => false,
    }
}

/// Puts a message into the window of unacknowledged ones before it is sent. The broker itself does so after
/// sending, and loses the message when sending fails.
async fn keep(session: &Session, from: &From, message: &Publish) {
    let status = match message.qos {
        QoS::AtMostOnce => return,
        QoS::AtLeastOnce => MomentStatus::UnAck,
        QoS::ExactlyOnce => MomentStatus::UnReceived,
    };
    let message = OutInflightMessage::new(status, from.clone(), message.clone());
    session.out_inflight().write().await.push_back(message);
}
