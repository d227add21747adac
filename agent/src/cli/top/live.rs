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

use super::{TopReport, screen};
use crate::cli::Outcome;
use crate::cli::client::Client;
use crate::cli::failure::Code;

/// Between two screens.
const EVERY: Duration = Duration::from_secs(1);

/// Shows screens until somebody has seen enough, or the agent ends.
pub(super) async fn show(client: &Client) -> Outcome {
    let _screen = Screen::open()?;
    let mut before: Option<TopReport> = None;
    loop {
        let now = client.get::<TopReport>("/v1/top").await?.says;
        draw(&screen(&now, before.as_ref()))?;
        before = Some(now);
        // Keys are waited for where that holds nothing else up.
        if tokio::task::spawn_blocking(is_over).await.unwrap_or(Ok(true))? {
            return Ok(Code::Ok);
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

/// As much of a text as there is room for.
fn draw(text: &str) -> io::Result<()> {
    let (columns, rows) = size()?;
    let mut out = io::stdout().lock();
    queue!(out, MoveTo(0, 0))?;
    for (row, line) in (0..rows).zip(text.lines()) {
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
