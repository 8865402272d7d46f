//! Which AWS the functions work on.

use std::str::FromStr;
use std::time::Duration;

use http::Uri;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use shared_aws::Access;

use crate::machine;
use crate::system::Setup;

/// Which AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The embedded one, in this process, with the demo's world.
    Embedded,
    /// Your own, by the ordinary credentials chain.
    Profile,
    /// An embedded one that another process serves at this URL.
    Url(String),
}

/// Why a text names no AWS.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is neither \"embedded\" nor \"profile\" nor a URL like http://127.0.0.1:9001")]
pub struct NoPlace;

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        match text {
            "embedded" => Ok(Self::Embedded),
            "profile" => Ok(Self::Profile),
            url => {
                let parsed: Uri = url.parse().map_err(|_| NoPlace)?;
                let web = matches!(parsed.scheme_str(), Some("http" | "https"));
                let bare = parsed.path_and_query().is_none_or(|path| path == "/");
                let url = url.trim_end_matches('/').to_owned();
                if web && bare { Ok(Self::Url(url)) } else { Err(NoPlace) }
            }
        }
    }
}

/// Why an AWS at a URL can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PlaceFault {
    /// Nothing listens there.
    #[error(
        "nothing answers at {url}: {cause}. Is `cargo local serve` running, and is this the URL that it printed for AWS?"
    )]
    Silent {
        /// The URL.
        url: String,
        /// What went wrong.
        cause: String,
    },
}

/// The setup of a system on an embedded AWS that begins as this world, with the functions' variables of this machine's
/// environment.
#[must_use]
pub fn of_world(world: emulator::World) -> Setup {
    Setup::embedded(&emulator::Aws::new(world)).with_all(machine::variables())
}

impl Place {
    /// The system's setup on this AWS, with the functions' variables of this machine's environment.
    ///
    /// Only a real account needs `allow_changes`: an emulator is there to be changed.
    pub async fn setup(&self, allow_changes: bool) -> Result<Setup, PlaceFault> {
        let setup = match self {
            Self::Embedded => Setup::embedded(&emulator::Aws::new(emulator::World::demo())),
            Self::Profile => Setup::profile(if allow_changes { Access::Full } else { Access::ReadOnly }),
            Self::Url(url) => Setup::url(url, ahead(url).await?),
        };
        Ok(setup.with_all(machine::variables()))
    }
}

/// The most that is waited for a URL's date.
const PATIENCE: Duration = Duration::from_secs(3);
/// The most that is read of it.
const LARGEST_DATE: usize = 4096;

/// How far the world at a URL is ahead of this machine's clock: nothing where it does not say.
async fn ahead(url: &str) -> Result<SignedDuration, PlaceFault> {
    let silent = |cause: String| PlaceFault::Silent { url: url.to_owned(), cause };
    let date =
        tokio::time::timeout(PATIENCE, date(url)).await.map_err(|_| silent("no answer in time".into()))?;
    Ok(match date.map_err(silent)? {
        Some(there) => there.duration_since(machine::now()),
        None => SignedDuration::ZERO,
    })
}

#[derive(Deserialize)]
struct Date {
    now: Timestamp,
}

/// The date that a URL's world says it has; `None` when it has no such page, as other emulators.
async fn date(url: &str) -> Result<Option<Timestamp>, String> {
    if url.starts_with("https:") {
        // The embedded AWS speaks plain HTTP: whatever is there, it has no such page.
        return Ok(None);
    }
    let uri: Uri = format!("{url}/_emulator/now").parse().map_err(|fault| format!("{fault}"))?;
    let client: Client<HttpConnector, Empty<&[u8]>> = Client::builder(TokioExecutor::new()).build_http();
    let response = client.get(uri).await.map_err(|fault| causes(&fault))?;
    if !response.status().is_success() {
        return Ok(None);
    }
    let body = Limited::new(response.into_body(), LARGEST_DATE).collect().await;
    let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    Ok(serde_json::from_slice::<Date>(&body).ok().map(|date| date.now))
}

/// An error with what caused it: hyper's own text says little.
fn causes(fault: &dyn std::error::Error) -> String {
    std::iter::successors(fault.source(), |fault| fault.source())
        .last()
        .map_or_else(|| fault.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_embedded_profile_or_a_url() {
        assert_eq!("embedded".parse(), Ok(Place::Embedded));
        assert_eq!("profile".parse(), Ok(Place::Profile));
        for url in ["http://127.0.0.1:9001", "http://127.0.0.1:9001/"] {
            assert_eq!(url.parse(), Ok(Place::Url("http://127.0.0.1:9001".into())));
        }
        for wrong in ["", "Embedded", "prod", "127.0.0.1:9001", "ftp://host", "http://", "http://host/path"] {
            assert_eq!(wrong.parse::<Place>(), Err(NoPlace), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_url_where_nothing_listens_is_said_so() {
        let fault = Place::Url("http://127.0.0.1:1".into()).setup(false).await.unwrap_err().to_string();
        assert!(fault.starts_with("nothing answers at http://127.0.0.1:1: "), "{fault}");
    }

    #[tokio::test]
    async fn a_url_is_asked_for_its_date() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let aws = emulator::Aws::new(emulator::World::demo());
        let there = aws.now();
        tokio::select! {
            _ = emulator::serve(aws, listener) => panic!("the door closed"),
            ahead = ahead(&url) => {
                let seen = machine::now() + ahead.unwrap();
                assert!(seen.duration_since(there).abs() < SignedDuration::from_secs(30), "{seen}");
            }
        }
    }
}
