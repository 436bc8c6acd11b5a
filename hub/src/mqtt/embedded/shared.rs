//! Shared subscriptions (`$share/<group>/<filter>`): each message goes to one member of the group. Without
//! a chooser the broker accepts such subscriptions and delivers nothing.

use async_trait::async_trait;
use rmqtt::context::ServerContext;
use rmqtt::subscribe::SharedSubscription;
use rmqtt::types::{
    ClientId, Id, IsOnline, NodeId, SharedGroup, SubscriptionIdentifier, SubscriptionOptions, TopicName,
};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Members in turn, those who are connected first.
#[derive(Default)]
pub(super) struct InTurn {
    turn: AtomicUsize,
}

#[async_trait]
impl SharedSubscription for InTurn {
    fn is_supported(&self) -> bool {
        true
    }

    async fn choice(
        &self,
        _context: &ServerContext,
        _group: &SharedGroup,
        _publisher: &Id,
        _topic: &TopicName,
        members: &[(
            NodeId,
            ClientId,
            SubscriptionOptions,
            Option<Vec<SubscriptionIdentifier>>,
            Option<IsOnline>,
        )],
    ) -> Option<(usize, IsOnline)> {
        let online: Vec<bool> = members.iter().map(|member| member.4.unwrap_or_default()).collect();
        choose(&online, self.turn.fetch_add(1, Ordering::Relaxed))
    }
}

/// The member whose turn it is: the first one online from there on, else that very one, whose session keeps
/// the message. `None` for an empty group.
fn choose(online: &[bool], turn: usize) -> Option<(usize, IsOnline)> {
    let start = turn.checked_rem(online.len())?;
    let in_turn = (start..online.len()).chain(0..start);
    Some(in_turn.clone().find(|member| online[*member]).map_or((start, false), |member| (member, true)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_take_turns_and_the_absent_are_skipped() {
        let turns = |online: &[bool]| (0..4).map(|turn| choose(online, turn)).collect::<Vec<_>>();
        assert_eq!(
            turns(&[true, true]),
            [Some((0, true)), Some((1, true)), Some((0, true)), Some((1, true))]
        );
        assert_eq!(turns(&[false, true]), [Some((1, true)); 4]);
        assert_eq!(
            turns(&[false, false]),
            [Some((0, false)), Some((1, false)), Some((0, false)), Some((1, false))]
        );
        assert_eq!(turns(&[]), [None; 4]);
    }
}
