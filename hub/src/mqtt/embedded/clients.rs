//! One client id, one connection after the other, and what stays between them.

use super::connect::Will;
use super::session::Session;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed},
};
use tokio::sync::{Mutex as Turns, Notify, OwnedMutexGuard};
use tokio::time::Instant;

/// Connected clients and sessions kept for absent ones.
const MAX_CLIENTS: usize = 50_000;

/// What is kept of a client that has gone. Of one that is here there is room for it only.
#[derive(Default)]
pub(super) struct Kept {
    /// Its session, and until when.
    pub(super) session: Option<Box<(Session, Instant)>>,
    /// Its will, and when it is published unless the client returns.
    pub(super) will: Option<Box<(Will, Instant)>>,
}

impl Kept {
    fn is_empty(&self) -> bool {
        self.session.is_none() && self.will.is_none()
    }
}

/// A client id's place. One connection at a time has it; who comes later asks it to leave, and waits. So the last word of
/// the old one (its will) is out before the first of the new one.
#[derive(Default)]
struct Seat {
    kept: Arc<Turns<Kept>>,
    /// The number of the latest who came.
    latest: AtomicU64,
    /// Told when there is a later one.
    came: Notify,
}

/// All clients, here or away.
#[derive(Default)]
pub(super) struct Clients {
    seats: Mutex<HashMap<Arc<str>, Arc<Seat>>>,
    comers: AtomicU64,
}

/// The right to be the connection of a client id.
pub(super) struct Ticket {
    pub(super) client_id: Arc<str>,
    pub(super) kept: OwnedMutexGuard<Kept>,
    seat: Arc<Seat>,
    number: u64,
}

impl Ticket {
    /// Waits until somebody else wants the place.
    pub(super) async fn wanted(&self) {
        // Asked for before it is looked at: who comes in between is not missed.
        let came = self.seat.came.notified();
        if self.seat.latest.load(Acquire) <= self.number {
            came.await;
        }
    }
}

impl Clients {
    /// Takes a client id's place, and waits until whoever has it has left. `None` when there are too many clients.
    pub(super) async fn enter(&self, client_id: &str) -> Option<Ticket> {
        let number = self.comers.fetch_add(1, Relaxed) + 1;
        let (client_id, seat) = {
            let mut seats = self.seats.lock();
            let known = seats.get_key_value(client_id).map(|(id, seat)| (id.clone(), seat.clone()));
            match known {
                Some(known) => known,
                None if seats.len() >= MAX_CLIENTS => return None,
                None => {
                    let new = Arc::new(Seat::default());
                    let client_id: Arc<str> = client_id.into();
                    seats.insert(client_id.clone(), new.clone());
                    (client_id, new)
                }
            }
        };
        // Of two who come at once the later number stays.
        seat.latest.fetch_max(number, AcqRel);
        seat.came.notify_waiters();
        let kept = seat.kept.clone().lock_owned().await;
        Some(Ticket { client_id, kept, seat, number })
    }

    /// Gives a place up. It is forgotten when nothing is kept and nobody waits for it.
    pub(super) fn leave(&self, ticket: Ticket) {
        let mut seats = self.seats.lock();
        // Who comes takes a reference under the same lock: with the table's and ours alone nobody has come.
        if ticket.kept.is_empty() && Arc::strong_count(&ticket.seat) == 2 {
            seats.remove(&ticket.client_id);
        }
        drop(ticket);
    }

    /// Takes out what is due of clients that are away: sessions that have expired, and wills that were held back long
    /// enough. A will whose session ends is due with it.
    pub(super) fn due(&self, now: Instant) -> Vec<(Arc<str>, Option<Session>, Option<Will>)> {
        let mut seats = self.seats.lock();
        let away: Vec<_> = seats
            .iter()
            .filter_map(|(client_id, seat)| {
                let kept = seat.kept.clone().try_lock_owned().ok()?;
                (!kept.is_empty()).then(|| (client_id.clone(), kept))
            })
            .collect();
        let mut due = Vec::new();
        for (client_id, mut kept) in away {
            let session = kept.session.take_if(|kept| kept.1 <= now).map(|kept| kept.0);
            let has_session = kept.session.is_some();
            let will = kept.will.take_if(|kept| kept.1 <= now || !has_session).map(|kept| kept.0);
            if session.is_some() || will.is_some() {
                due.push((client_id.clone(), session, will));
            }
            let nobody_waits = seats.get(&client_id).is_some_and(|seat| Arc::strong_count(seat) == 1);
            if kept.is_empty() && nobody_waits {
                seats.remove(&client_id);
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn who_comes_later_waits_and_the_earlier_one_is_told() {
        let clients = Arc::new(Clients::default());
        let first = clients.enter("a").await.unwrap();
        let second = tokio::spawn({
            let clients = clients.clone();
            async move { clients.enter("a").await.unwrap() }
        });
        let other = clients.enter("b").await.unwrap();
        first.wanted().await;
        assert!(!second.is_finished());
        clients.leave(first);
        let second = second.await.unwrap();
        let nobody = tokio::time::timeout(Duration::from_secs(9), second.wanted()).await;
        assert!(nobody.is_err(), "nobody came after the second");
        clients.leave(second);
        clients.leave(other);
        assert!(clients.seats.lock().is_empty());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn who_waited_has_the_place_for_as_long_as_nobody_else_comes() {
        let clients = Arc::new(Clients::default());
        for _ in 0..2000 {
            let first = clients.enter("a").await.unwrap();
            let second = tokio::spawn({
                let clients = clients.clone();
                async move { clients.enter("a").await.unwrap() }
            });
            tokio::task::yield_now().await;
            clients.leave(first);
            let second = second.await.unwrap();
            assert!(clients.seats.lock().contains_key("a"), "its place is gone");
            let told = tokio::time::timeout(Duration::ZERO, second.wanted()).await;
            assert!(told.is_err(), "nobody came after it");
            clients.leave(second);
        }
        assert!(clients.seats.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_kept_is_found_again_until_its_time_is_over() {
        let clients = Clients::default();
        let until = Instant::now() + Duration::from_secs(60);
        let mut ticket = clients.enter("a").await.unwrap();
        ticket.kept.session = Some(Box::new((Session::new("a".into()), until)));
        clients.leave(ticket);
        assert!(clients.due(until - Duration::from_secs(1)).is_empty());
        let ticket = clients.enter("a").await.unwrap();
        assert!(ticket.kept.session.is_some());
        assert!(clients.due(until).is_empty(), "it is in use");
        clients.leave(ticket);
        assert_eq!(clients.due(until).len(), 1);
        assert!(clients.seats.lock().is_empty());
    }

    #[tokio::test]
    async fn there_is_an_end_to_it() {
        let clients = Clients::default();
        for n in 0..MAX_CLIENTS {
            let mut ticket = clients.enter(&n.to_string()).await.unwrap();
            ticket.kept.session = Some(Box::new((Session::new("a".into()), Instant::now())));
            clients.leave(ticket);
        }
        assert!(clients.enter("one more").await.is_none());
        assert!(clients.enter("7").await.is_some());
        clients.due(Instant::now() + Duration::from_secs(1));
        assert!(clients.enter("one more").await.is_some());
    }
}
