//! A network with a delay, for benchmarks: carries every byte each way so many microseconds late.
//!
//! ```sh
//! cargo run --release --example slow_network -- 127.0.0.1:3306 500
//! ```
//!
//! It listens on a free port of 127.0.0.1, prints its number, and ends when its standard input does.
//! Threads rather than tokio: tokio's timers know milliseconds only.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};
use std::{env, process, thread};

/// Pieces under way in one direction, of at most 64 KiB: more than any delay here fills.
const UNDER_WAY: usize = 4096;

type Piece = (Instant, Vec<u8>);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let server = arguments.next().ok_or("which HOST:PORT?")?;
    let delay = Duration::from_micros(arguments.next().ok_or("how many microseconds?")?.parse()?);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?.port());
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        process::exit(0);
    });
    for client in listener.incoming() {
        let (client, server) = (client?, TcpStream::connect(&server)?);
        carry(&client, &server, delay)?;
        carry(&server, &client, delay)?;
    }
    Ok(())
}

fn carry(from: &TcpStream, to: &TcpStream, delay: Duration) -> io::Result<()> {
    let (from, to) = (from.try_clone()?, to.try_clone()?);
    to.set_nodelay(true)?;
    let (sender, receiver) = sync_channel(UNDER_WAY);
    thread::spawn(move || take_in(from, &sender, delay));
    thread::spawn(move || give_out(to, &receiver));
    Ok(())
}

fn take_in(mut from: TcpStream, pieces: &SyncSender<Piece>, delay: Duration) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if pieces.send((Instant::now() + delay, buffer[..count].to_vec())).is_err() {
            return;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a thread that has nothing else to do")]
fn give_out(mut to: TcpStream, pieces: &Receiver<Piece>) {
    while let Ok((due, piece)) = pieces.recv() {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if to.write_all(&piece).is_err() {
            break;
        }
    }
    // The other side learns that this one has ended; a side that is gone already needs not.
    let _ = to.shutdown(Shutdown::Both);
}
