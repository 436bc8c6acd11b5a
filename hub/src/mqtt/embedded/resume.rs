//! A session changes its connection without losing a message.
//!
//! The broker keeps, per client id, the channel to the task that runs the session. When the client comes
//! back, the old task is told to stop, the session is taken out, and a new task with a new channel is put
//! in. What is published in between is lost: it goes to a task that has stopped reading, or finds no session
//! at all. Here it waits: while the session is on the move, its messages go to a channel of ours and move with
//! it, or wait at their publisher's until it has arrived.

use async_trait::async_trait;
use futures::StreamExt;
use futures::channel::mpsc::unbounded;
use rmqtt::context::ServerContext;
use rmqtt::session::Session;
use rmqtt::shared::{DefaultShared, Entry, RetainLoadCallback, Shared};
use rmqtt::types::{
    ClientId, ConnectInfo, ForwardedCount, ForwardedRecipients, From, Id, IsAdmin, Message, MsgID, NodeId,
    OfflineSession, Publish, Reason, SessionStatus, SessionTx, SubRelations, SubRelationsMap,
    SubsSearchParams, SubsSearchResult, Subscribe, SubscribeReturn, To, TopicFilter, Tx, Unsubscribe,
};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

/// How long an old task may take to stop, and a message waits for a session on the move.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a message looks whether the session has arrived.
const LOOK: Duration = Duration::from_millis(2);

type Undelivered = Vec<(To, From, Publish, Reason)>;
type Result<T> = std::result::Result<T, rmqtt::Error>;

/// The clients whose sessions are on the move.
#[derive(Clone, Default)]
struct Moving(Arc<Mutex<HashSet<ClientId>>>);

impl Moving {
    fn lock(&self) -> MutexGuard<'_, HashSet<ClientId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The broker's own table of sessions, with moves that lose nothing.
pub(super) struct Sessions {
    inner: DefaultShared,
    moving: Moving,
}

impl Sessions {
    pub(super) fn new(context: &ServerContext) -> Self {
        Self { inner: DefaultShared::new(Some(context.clone())), moving: Moving::default() }
    }

    /// Delivers to a session once it has arrived. Gives the message back if it was not on the move.
    async fn deliver_later(&self, to: &To, mut from: From, mut publish: Publish) -> Option<(From, Publish)> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let moving = self.moving.lock().contains(&to.client_id);
            let entry = self.inner.entry(to.clone());
            if entry.exist() {
                match entry.publish(from, publish).await {
                    Ok(()) => return None,
                    Err((back, message, _)) => (from, publish) = (back, message),
                }
            }
            if !moving || Instant::now() > deadline {
                return Some((from, publish));
            }
            sleep(LOOK).await;
        }
    }
}

#[async_trait]
impl Shared for Sessions {
    fn entry(&self, id: Id) -> Box<dyn Entry> {
        Box::new(Move::new(self.inner.entry(id), self.moving.clone()))
    }

    async fn forwards(
        &self,
        id: Option<MsgID>,
        from: From,
        publish: Publish,
    ) -> std::result::Result<ForwardedCount, (ForwardedCount, Undelivered)> {
        let (mut count, undelivered) = match self.inner.forwards(id, from, publish).await {
            Err((count, undelivered)) => (count, undelivered),
            delivered => return delivered,
        };
        let mut lost = Vec::new();
        for (to, from, publish, reason) in undelivered {
            match self.deliver_later(&to, from, publish).await {
                None => count += 1,
                Some((from, publish)) => lost.push((to, from, publish, reason)),
            }
        }
        if lost.is_empty() { Ok(count) } else { Err((count, lost)) }
    }

    fn exist(&self, client_id: &str) -> bool {
        self.inner.exist(client_id)
    }

    async fn forwards_and_get_shareds(
        &self,
        from: From,
        publish: Publish,
    ) -> std::result::Result<(SubRelationsMap, ForwardedRecipients), (ForwardedRecipients, Undelivered)> {
        self.inner.forwards_and_get_shareds(from, publish).await
    }

    async fn forwards_to(
        &self,
        from: From,
        publish: &Publish,
        relations: SubRelations,
        id: Option<MsgID>,
    ) -> std::result::Result<ForwardedRecipients, (ForwardedRecipients, Undelivered)> {
        self.inner.forwards_to(from, publish, relations, id).await
    }

    fn iter(&self) -> Box<dyn Iterator<Item = Box<dyn Entry>> + Sync + Send + '_> {
        self.inner.iter()
    }

    fn random_session(&self) -> Option<Session> {
        self.inner.random_session()
    }

    async fn session_status(&self, client_id: &str) -> Option<SessionStatus> {
        self.inner.session_status(client_id).await
    }

    async fn client_states_count(&self) -> usize {
        self.inner.client_states_count().await
    }

    fn sessions_count(&self) -> usize {
        self.inner.sessions_count()
    }

    async fn query_subscriptions(&self, query: &SubsSearchParams) -> Vec<SubsSearchResult> {
        self.inner.query_subscriptions(query).await
    }

    async fn subscriptions_count(&self) -> usize {
        self.inner.subscriptions_count().await
    }

    async fn retain_load_with(
        &self,
        filter: &TopicFilter,
        callback: Arc<dyn RetainLoadCallback>,
    ) -> Result<Vec<(NodeId, MsgID)>> {
        self.inner.retain_load_with(filter, callback).await
    }
}

/// One client's place in the table.
struct Move {
    inner: Box<dyn Entry>,
    moving: Moving,
    started: bool,
}

impl Move {
    fn new(inner: Box<dyn Entry>, moving: Moving) -> Self {
        Self { inner, moving, started: false }
    }

    fn end(&mut self) {
        if std::mem::take(&mut self.started) {
            self.moving.lock().remove(&self.inner.id().client_id);
        }
    }
}

impl Drop for Move {
    fn drop(&mut self) {
        self.end();
    }
}

#[async_trait]
impl Entry for Move {
    async fn kick(&mut self, clean: bool, unsubscribe: bool, admin: IsAdmin) -> Result<OfflineSession> {
        let (Some(session), Some(old)) = (self.inner.session(), self.inner.tx()) else {
            return self.inner.kick(clean, unsubscribe, admin).await;
        };
        // The broker would hand on even a session that was to end with its connection.
        let ends = ends_with_its_connection(&session).await;
        let (clean, unsubscribe) = (clean || ends, unsubscribe || ends);
        self.started = true;
        self.moving.lock().insert(self.inner.id().client_id.clone());
        let (ours, mut arriving) = unbounded();
        self.inner.set(session, SessionTx::new(ours)).await?;
        stop(&old, self.inner.id(), clean, admin).await;
        // The broker now takes the session out. It would stop the old task itself, and is answered by us.
        let answer = async {
            let mut waiting = Vec::new();
            while let Some(message) = arriving.next().await {
                match message {
                    Message::Kick(stopped, ..) => {
                        let _ = stopped.send(());
                        break;
                    }
                    message => waiting.push(message),
                }
            }
            waiting
        };
        let (session, mut waiting) = tokio::join!(self.inner.kick(clean, unsubscribe, admin), answer);
        waiting.extend(std::iter::from_fn(|| arriving.try_recv().ok()));
        let mut session = session?;
        if let OfflineSession::Exist(Some(kept)) = &mut session {
            // They are sent from the last to the first, which would turn their order round.
            kept.inflight_messages.reverse();
            kept.offline_messages.extend(waiting.into_iter().filter_map(|message| match message {
                Message::Forward(from, publish) => Some((from, publish)),
                _ => None,
            }));
        }
        Ok(session)
    }

    async fn set(&mut self, session: Session, tx: Tx) -> Result<()> {
        self.inner.set(session, tx).await?;
        self.end();
        Ok(())
    }

    async fn try_lock(&self) -> Result<Box<dyn Entry>> {
        Ok(Box::new(Move::new(self.inner.try_lock().await?, self.moving.clone())))
    }

    fn id(&self) -> Id {
        self.inner.id()
    }

    fn id_same(&self) -> Option<bool> {
        self.inner.id_same()
    }

    async fn remove(&mut self) -> Result<Option<(Session, Tx)>> {
        self.inner.remove().await
    }

    async fn remove_with(&mut self, id: &Id) -> Result<Option<(Session, Tx)>> {
        self.inner.remove_with(id).await
    }

    async fn online(&self) -> bool {
        self.inner.online().await
    }

    async fn is_connected(&self) -> bool {
        self.inner.is_connected().await
    }

    fn session(&self) -> Option<Session> {
        self.inner.session()
    }

    fn exist(&self) -> bool {
        self.inner.exist()
    }

    fn tx(&self) -> Option<Tx> {
        self.inner.tx()
    }

    async fn subscribe(&self, subscribe: &Subscribe) -> Result<SubscribeReturn> {
        self.inner.subscribe(subscribe).await
    }

    async fn unsubscribe(&self, unsubscribe: &Unsubscribe) -> Result<bool> {
        self.inner.unsubscribe(unsubscribe).await
    }

    async fn publish(&self, from: From, p: Publish) -> std::result::Result<(), (From, Publish, Reason)> {
        self.inner.publish(from, p).await
    }

    async fn subscriptions(&self) -> Option<Vec<SubsSearchResult>> {
        self.inner.subscriptions().await
    }
}

/// Whether nothing of a session is kept for the client's return.
async fn ends_with_its_connection(session: &Session) -> bool {
    match session.connect_info().await.as_deref() {
        Ok(ConnectInfo::V3(_, connect)) => connect.clean_session,
        Ok(ConnectInfo::V5(..)) => {
            let goodbye = session.disconnect().await.unwrap_or_default();
            session.fitter.session_expiry_interval(goodbye.as_ref()).is_zero()
        }
        Err(_) => false,
    }
}

/// Stops the task of a session, after it has read what was sent to it so far.
async fn stop(old: &Tx, by: Id, clean: bool, admin: IsAdmin) {
    let (stopped, wait) = oneshot::channel();
    let client_id = by.client_id.to_string();
    if old.unbounded_send(Message::Kick(stopped, by, clean, admin)).is_ok()
        && timeout(PATIENCE, wait).await.is_err()
    {
        tracing::warn!(client_id, "the client's previous session did not stop in time");
    }
}
