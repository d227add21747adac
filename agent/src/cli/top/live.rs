//! How is a screen shown again and again, and the terminal left as it was?

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyModifiers};
use crossterm::style::Print;
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size,
};
use crossterm::{execute, queue};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{TopReport, screen};
use crate::cli::Outcome;
use crate::cli::client::Client;
use crate::cli::failure::Code;

/// Between two screens.
const EVERY: Duration = Duration::from_secs(1);

/// Shows screens until somebody has seen enough, or the agent ends. While it is too busy to answer, what it said last stays.
pub(super) async fn show(client: &Client) -> Outcome {
    // Before the terminal is changed, so that nothing leaves it so.
    let mut ended = Ended::listen()?;
    let _screen = Screen::open()?;
    let (mut before, mut shown) = (None::<TopReport>, String::new());
    loop {
        let asked = tokio::select! {
            asked = client.get::<TopReport>("/v1/top") => asked,
            () = ended.heard() => return Ok(Code::Ok),
        };
        match asked {
            Ok(answer) => {
                shown = screen(&answer.says, before.as_ref());
                draw("", &shown)?;
                before = Some(answer.says);
            }
            Err(failure) if failure.is_passing() => draw(&format!("{failure}; asking again"), &shown)?,
            Err(failure) => return Err(failure),
        }
        // Keys are waited for where that holds nothing else up.
        let is_over = tokio::select! {
            is_over = tokio::task::spawn_blocking(is_over) => is_over.unwrap_or(Ok(true))?,
            () = ended.heard() => true,
        };
        if is_over {
            return Ok(Code::Ok);
        }
    }
}

/// The signals that end a program which does not listen to them, and would leave the terminal as it is.
struct Ended([Signal; 3]);

impl Ended {
    fn listen() -> io::Result<Self> {
        let [term, hup, int] = [SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt()].map(signal);
        Ok(Self([term?, hup?, int?]))
    }

    async fn heard(&mut self) {
        let [term, hup, int] = &mut self.0;
        tokio::select! {
            _ = term.recv() => {}
            _ = hup.recv() => {}
            _ = int.recv() => {}
        }
    }
}

/// The whole terminal, until it is dropped.
struct Screen;

impl Screen {
    fn open() -> io::Result<Self> {
        enable_raw_mode()?;
        let screen = Self;
        execute!(io::stdout(), EnterAlternateScreen, Hide)?;
        Ok(screen)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // There is nothing to be done about a terminal that is gone.
        let _ = execute!(io::stdout(), Show, LeaveAlternateScreen);
        let _ = disable_raw_mode();
    }
}

/// As much of a text as there is room for, in its first line what there is to say of it.
fn draw(status: &str, text: &str) -> io::Result<()> {
    let (columns, rows) = size()?;
    let mut out = io::stdout().lock();
    queue!(out, MoveTo(0, 0))?;
    let status = status.lines().next().into_iter();
    for (row, line) in (0..rows).zip(status.chain(text.lines())) {
        let line: String = line.chars().take(columns.into()).collect();
        queue!(out, MoveTo(0, row), Print(line), Clear(ClearType::UntilNewLine))?;
    }
    queue!(out, Clear(ClearType::FromCursorDown))?;
    out.flush()
}

/// Waits for the next screen. Returns whether somebody has seen enough.
fn is_over() -> io::Result<bool> {
    let next = Instant::now() + EVERY;
    while event::poll(next.saturating_duration_since(Instant::now()))? {
        if let Event::Key(key) = event::read()?
            && is_end(key)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_end(key: KeyEvent) -> bool {
    let with_control = key.modifiers.contains(KeyModifiers::CONTROL);
    matches!(key.code, KeyCode::Esc | KeyCode::Char('q')) || with_control && key.code == KeyCode::Char('c')
}
