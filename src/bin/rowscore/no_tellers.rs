//! What there is of telling others in a rowscore that was built without AWS: the reason why nobody is told. Their
//! function tells them at its next tick.

use rowscore::config::Config;
use rowscore::hop::Ended;
use rowscore::run::Channel;

/// Tells nobody.
#[derive(Debug)]
pub(crate) struct Tellers;

impl Tellers {
    pub(crate) fn new(_: &Config) -> Self {
        Self
    }

    pub(crate) async fn tell(&self, by: Channel, _: &Ended) -> Result<(), String> {
        Err(format!(
            "`{by}`: this rowscore was built without the feature `aws`; build it with `cargo build --release`, or leave it to \
             the function's next tick"
        ))
    }
}
