//! The MQTT side against real clients and a real mosquitto. What a broker must do is one list of cases, run
//! by the same code against the embedded broker and mosquitto.

mod bench;
mod cases;
mod client;
mod embedded;
mod external;
mod mosquitto;

use bench::{Bench, Kind};

macro_rules! on_both_brokers {
    ($($case:ident)*) => {
        $(mod $case {
            use super::{Bench, Kind, cases};

            #[tokio::test(flavor = "multi_thread")]
            async fn embedded() {
                cases::$case(Bench::start(Kind::Embedded).await).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn mosquitto() {
                cases::$case(Bench::start(Kind::Mosquitto).await).await;
            }
        })*
    };
}

on_both_brokers! {
    both_versions_talk_on_one_port
    every_quality_of_service_arrives
    a_burst_at_qos_2_arrives_exactly_once
    retained_messages_on_a_wildcard_over_500_topics
    a_retained_message_is_replaced_and_cleared
    the_will_of_a_dropped_socket_arrives
    a_goodbye_keeps_the_will_back
    a_will_that_is_held_back_is_not_sent_of_who_returns
    what_has_expired_is_not_delivered
    who_is_silent_for_too_long_is_gone
    nonsense_ends_the_connection_it_came_on
    a_session_resumes
    a_slow_reader_loses_nothing_acknowledged
    a_reader_that_dies_again_and_again_loses_nothing
    a_shared_subscription_delivers_each_message_once
    a_takeover_ends_the_earlier_connection
    a_session_that_ends_with_its_connection_is_not_handed_on
    a_restart_takes_the_same_port
    an_idle_connection_blocks_nobody
}
