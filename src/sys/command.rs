//! Running a command of the administrator's, with a time-out. What goes in and comes out goes through pipes, nowhere else.

use super::local::Local;
use super::signals;
use pgrx::pg_sys;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// More than that nobody prints who was asked for keys.
const LONGEST: usize = 64 * 1_024;
/// How often it is looked at, in milliseconds.
const PAUSE: u64 = 5;

/// Why a command brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It could not be started.
    NotStarted(String),
    /// It did not end in time.
    TimedOut,
    /// It ended with this status.
    Status(i32),
    /// A signal ended it.
    Signal,
    /// It printed more than anybody reads.
    TooMuch,
    /// What it was told, or printed, did not go through.
    Broken(String),
}

/// A process group that ends with this value.
struct Running {
    child: Child,
    over: bool,
}

/// The one that runs now; 0: none does.
static GROUP: Local<i32> = Local::new(0);
static WATCHED: Local<bool> = Local::new(false);

impl Running {
    fn new(child: Child) -> Running {
        if !WATCHED.get() {
            // SAFETY: a static function that does not raise.
            unsafe { pg_sys::before_shmem_exit(Some(on_exit), pg_sys::Datum::null()) };
            WATCHED.set(true);
        }
        GROUP.set(i32::try_from(child.id()).unwrap_or(0));
        Running { child, over: false }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.over {
            GROUP.set(0);
        } else {
            kill();
            let _ = self.child.wait();
        }
    }
}

/// A server process that is terminated ends without dropping what it has.
unsafe extern "C-unwind" fn on_exit(_code: i32, _argument: pg_sys::Datum) {
    kill();
}

fn kill() {
    let group = GROUP.get();
    GROUP.set(0);
    if group > 1 {
        // SAFETY: the group is one that we have made. (Its number is its own as long as one process of it is there.)
        unsafe { signals::kill(-group, signals::SIGKILL) };
    }
}

/// What a shell command prints when it is given `input`, `seconds` at most. Its own messages are the caller's not to see: they may
/// quote what was put in.
///
/// # Errors
/// Why it brought nothing. It has been ended then, with whatever it has started.
pub fn run(command: &str, input: &[u8], seconds: u64) -> Result<Vec<u8>, Failure> {
    let deadline = Instant::now() + Duration::from_secs(seconds.max(1));
    let child = Command::new("/bin/sh")
        .arg("-c")
        .arg(command)
        // A group of its own, so that all of it can be ended.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| Failure::NotStarted(error.to_string()))?;
    let mut running = Running::new(child);
    let mut to = running.child.stdin.take();
    let mut from = running.child.stdout.take();
    for descriptor in [to.as_ref().map(AsRawFd::as_raw_fd), from.as_ref().map(AsRawFd::as_raw_fd)] {
        // SAFETY: a descriptor that is open.
        if descriptor.is_some_and(|number| unsafe { fcntl(number, F_SETFL, O_NONBLOCK) } != 0) {
            return Err(Failure::Broken("a pipe cannot be read without waiting".to_owned()));
        }
    }
    let (mut written, mut output) = (0, Wiped(Vec::with_capacity(LONGEST)));
    let mut status = None;
    loop {
        if let Some(pipe) = &mut to {
            match input.get(written..).filter(|rest| !rest.is_empty()).map(|rest| pipe.write(rest)) {
                None => to = None,
                Some(Ok(count)) => written += count,
                Some(Err(error)) if waits(&error) => {}
                // It may not want to know: what it prints and how it ends says whether that is so.
                Some(Err(_)) => to = None,
            }
        }
        if let Some(pipe) = &mut from
            && !take(pipe, &mut output.0)?
        {
            from = None;
        }
        if status.is_none() {
            status = running.child.try_wait().map_err(|error| Failure::Broken(error.to_string()))?;
        }
        match status {
            Some(ended) if from.is_none() || !ended.success() => {
                running.over = true;
                return match ended.code() {
                    Some(0) => Ok(std::mem::take(&mut output.0)),
                    Some(code) => Err(Failure::Status(code)),
                    None => Err(Failure::Signal),
                };
            }
            _ if Instant::now() >= deadline => return Err(Failure::TimedOut),
            _ => {}
        }
        pgrx::check_for_interrupts!();
        std::thread::sleep(Duration::from_millis(PAUSE));
    }
}

fn waits(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// What there is to read. False at the end.
fn take(pipe: &mut impl Read, output: &mut Vec<u8>) -> Result<bool, Failure> {
    let mut bytes = Wiped(vec![0; 4_096]);
    loop {
        match pipe.read(&mut bytes.0) {
            Ok(0) => return Ok(false),
            // Never beyond what was set aside: a vector that grows leaves a copy behind.
            Ok(count) if output.len() + count > LONGEST => return Err(Failure::TooMuch),
            Ok(count) => output.extend_from_slice(&bytes.0[..count]),
            Err(error) if waits(&error) => return Ok(true),
            Err(error) => return Err(Failure::Broken(error.to_string())),
        }
    }
}

/// Bytes that are overwritten when they are not needed any more.
struct Wiped(Vec<u8>);

impl Drop for Wiped {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// Overwrites bytes, even if nobody reads them afterwards.
pub fn wipe(bytes: &mut [u8]) {
    for byte in bytes {
        // SAFETY: a valid place; volatile, so that it is not left out.
        unsafe { std::ptr::write_volatile(byte, 0) }
    }
}

const F_SETFL: i32 = 4;
#[cfg(target_os = "linux")]
const O_NONBLOCK: i32 = 0o4000;
#[cfg(not(target_os = "linux"))]
const O_NONBLOCK: i32 = 4;
unsafe extern "C" {
    fn fcntl(descriptor: i32, command: i32, ...) -> i32;
}
