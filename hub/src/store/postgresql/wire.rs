//! What passes between a client and its server while somebody waits for an answer.

use std::{
    future::poll_fn,
    pin::pin,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::{AsyncMessage, Connection, Error};

type Step = dyn FnMut(&mut Context<'_>) -> Poll<Option<Result<AsyncMessage, Error>>> + Send;

/// The other half of a client: nothing is sent or received unless somebody works with it.
pub(super) struct Wire(Box<Step>);

impl Wire {
    pub(super) fn new<S, T>(mut connection: Connection<S, T>) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        Self(Box::new(move |context| connection.poll_message(context)))
    }

    /// Does what its client is asked for. What the server says of the connection as a whole goes before what that means for
    /// the work, which is only that it ended.
    pub(super) async fn carry<T>(
        &mut self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let mut work = pin!(work);
        poll_fn(|context| {
            while let Poll::Ready(Some(message)) = (self.0)(context) {
                // Notices such as "relation exists, skipping" are of no use.
                if let Err(error) = message {
                    return Poll::Ready(Err(error));
                }
            }
            work.as_mut().poll(context)
        })
        .await
    }

    /// Sends what a client leaves behind when it is dropped: its goodbye.
    pub(super) async fn finish(&mut self) {
        poll_fn(|context| match (self.0)(context) {
            Poll::Ready(None | Some(Err(_))) => Poll::Ready(()),
            Poll::Ready(Some(Ok(_))) => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Pending => Poll::Pending,
        })
        .await;
    }
}
