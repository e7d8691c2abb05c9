//! How long each room took, for `-v`: the spans that rooms open, added up. A room's time is its own, without that of the rooms it calls.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;
use tracing::span::Id;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, Registry};

use super::messages::{Voice, summary, voice};

/// When it began; empty where nobody asked.
static BEGUN: OnceLock<Instant> = OnceLock::new();

/// What each room took so far, on all threads.
static SPENT: Mutex<BTreeMap<&str, Spent>> = Mutex::new(BTreeMap::new());

thread_local! {
    /// The rooms that this thread is in, the innermost last.
    static OPEN: RefCell<Vec<Open>> = const { RefCell::new(Vec::new()) };
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Spent {
    time: Duration,
    calls: u64,
}

/// A room that was entered, and since when nobody else had the thread.
struct Open {
    room: &'static str,
    since: Instant,
}

/// Begins to listen, unless nothing is to be said.
pub fn begin() {
    let listens =
        voice() != Voice::Quiet && tracing::subscriber::set_global_default(Registry::default().with(Rooms)).is_ok();
    if listens {
        let _ = BEGUN.set(Instant::now());
    }
}

/// Says what was heard: a table on stderr, or `rooms` and `seconds_by_clock` in the JSON document.
pub fn finish() {
    let Some(begun) = BEGUN.get() else { return };
    let clock = begun.elapsed().as_secs_f64();
    let mut rooms: Vec<_> = SPENT.lock().unwrap_or_else(PoisonError::into_inner).clone().into_iter().collect();
    rooms.sort_by_key(|(_, spent)| std::cmp::Reverse(spent.time));
    match voice() {
        Voice::Json => {
            let row = |(room, spent): &(&str, Spent)| {
                let seconds = spent.time.as_secs_f64();
                json!({ "room": room, "seconds": seconds, "share": seconds / sum(&rooms), "calls": spent.calls })
            };
            let rooms = rooms.iter().map(row).collect::<Vec<_>>();
            summary(json!({ "rooms": rooms, "seconds_by_clock": clock }));
        }
        _ => eprint!("{}", table(&rooms, clock)),
    }
}

fn sum(rooms: &[(&str, Spent)]) -> f64 {
    rooms.iter().map(|(_, spent)| spent.time).sum::<Duration>().as_secs_f64()
}

fn table(rooms: &[(&str, Spent)], clock: f64) -> String {
    let mut text = format!("{:12} {:>10} {:>7} {:>9}\n", "room", "seconds", "share", "calls");
    for (room, Spent { time, calls }) in rooms {
        let seconds = time.as_secs_f64();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{room:12} {seconds:10.3} {:5.1} % {calls:9}", 100.0 * seconds / sum(rooms));
    }
    text + &format!("{:12} {:10.3}\n{:12} {clock:10.3}\n", "all rooms", sum(rooms), "by the clock")
}

/// Hears of every room that is entered and left.
struct Rooms;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Rooms {
    /// What other crates open is part of the room that called them.
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.target().starts_with(env!("CARGO_PKG_NAME"))
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        if let Some(metadata) = context.metadata(id) {
            OPEN.with_borrow_mut(|open| enter(open, metadata.name()));
        }
    }

    fn on_exit(&self, _: &Id, _: Context<'_, S>) {
        OPEN.with_borrow_mut(leave);
    }
}

fn enter(open: &mut Vec<Open>, room: &'static str) {
    let now = Instant::now();
    // A room that calls itself is called once.
    let is_again = open.last().is_some_and(|outer| outer.room == room);
    if let Some(outer) = open.last() {
        book(outer.room, now - outer.since, 0);
    }
    open.push(Open { room, since: now });
    book(room, Duration::ZERO, u64::from(!is_again));
}

fn leave(open: &mut Vec<Open>) {
    let now = Instant::now();
    if let Some(inner) = open.pop() {
        book(inner.room, now - inner.since, 0);
    }
    if let Some(outer) = open.last_mut() {
        outer.since = now;
    }
}

fn book(room: &'static str, time: Duration, calls: u64) {
    let mut spent = SPENT.lock().unwrap_or_else(PoisonError::into_inner);
    let room = spent.entry(room).or_default();
    room.time += time;
    room.calls += calls;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(room: &str) -> Spent {
        SPENT.lock().unwrap().get(room).copied().unwrap_or_default()
    }

    #[test]
    fn a_room_s_time_is_its_own() {
        let mut open = Vec::new();
        let wait = || std::thread::sleep(Duration::from_millis(20));
        enter(&mut open, "outer");
        wait();
        enter(&mut open, "inner");
        enter(&mut open, "inner");
        std::thread::sleep(Duration::from_millis(100));
        leave(&mut open);
        leave(&mut open);
        wait();
        leave(&mut open);
        assert!(open.is_empty());
        let (outer, inner) = (spent("outer"), spent("inner"));
        assert_eq!((outer.calls, inner.calls), (1, 1));
        assert!(outer.time >= Duration::from_millis(40) && inner.time >= Duration::from_millis(100));
        assert!(outer.time < inner.time, "{outer:?}, {inner:?}");
    }
}
