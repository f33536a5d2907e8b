//! For a service that only this machine should reach: it answers only who calls it by a name of
//! this machine.
//!
//! Else any page in a browser here could read it, by giving its own name our address (DNS rebinding).

use std::net::IpAddr;

use axum::Router;
use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};

use super::problem::Problem;

/// `router`, for this machine alone.
pub fn only_local(router: Router) -> Router {
    router.layer(from_fn(check))
}

async fn check(request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if is_local(host) {
        return next.run(request).await;
    }
    Problem::misdirected(format!("this answers to localhost and 127.0.0.1, not to `{host}`")).into_response()
}

fn is_local(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine_are_told_from_others() {
        for host in ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.1.2.3:80", "[::1]:8000"] {
            assert!(is_local(host), "{host}");
        }
        for host in
            ["", "example.com", "localhost.example.com", "127.0.0.1.example.com:8000", "10.0.0.1", "[::2]", "a b"]
        {
            assert!(!is_local(host), "{host}");
        }
    }
}
