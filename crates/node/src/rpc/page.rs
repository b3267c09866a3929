//! The explorer: one page that the node serves beside its RPC.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use jsonrpsee::core::BoxError;
use jsonrpsee::server::{HttpBody, HttpRequest, HttpResponse};
use tower::layer::util::{Identity, Stack};
use tower::{Layer, Service, ServiceBuilder};

/// The page.
const PAGE: &str = include_str!("page.html");

/// A layer that answers `GET /` with the page and leaves all else to the RPC.
pub fn middleware() -> ServiceBuilder<Stack<PageLayer, Identity>> {
    ServiceBuilder::new().layer(PageLayer)
}

#[derive(Clone, Copy, Debug)]
pub struct PageLayer;

impl<S> Layer<S> for PageLayer {
    type Service = PageService<S>;

    fn layer(&self, inner: S) -> PageService<S> {
        PageService(inner)
    }
}

#[derive(Clone, Debug)]
pub struct PageService<S>(S);

impl<S, B> Service<HttpRequest<B>> for PageService<S>
where
    S: Service<HttpRequest<B>, Response = HttpResponse>,
    S::Error: Into<BoxError> + 'static,
    S::Future: Send + 'static,
{
    type Response = HttpResponse;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: HttpRequest<B>) -> Self::Future {
        let is_page = request.method().as_str() == "GET"
            && request.uri().path() == "/"
            && !request.headers().contains_key("upgrade");
        if is_page {
            let mut response = HttpResponse::new(HttpBody::from(PAGE));
            if let Ok(kind) = "text/html; charset=utf-8".try_into() {
                response.headers_mut().insert("content-type", kind);
            }
            return Box::pin(async move { Ok(response) });
        }
        let answer = self.0.call(request);
        Box::pin(async move { answer.await.map_err(Into::into) })
    }
}
