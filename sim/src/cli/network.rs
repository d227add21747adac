//! What does a network look like from cycle to cycle? The simulation of 2014, in virtual time.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};

use super::Streams;
use super::args::NetworkArgs;
use crate::network::dot::dot;
use crate::network::picture::{LinkState, Picture};
use crate::network::{Size, watch};
use crate::result::ExitCode;

/// `quidnunc-sim network`
pub(super) fn network(args: &NetworkArgs, streams: &mut Streams<'_>) -> io::Result<ExitCode> {
    let size = Size { cycles: args.cycles.unwrap_or(args.size.cycles), ..args.size };
    if let Some(dir) = &args.out
        && let Err(error) = fs::create_dir_all(dir)
    {
        writeln!(streams.err, "error: cannot make the folder {}: {error}", dir.display())?;
        return Ok(ExitCode::Usage);
    }
    // Draws to stderr, and only if that is a terminal.
    let bar = if args.quiet { ProgressBar::hidden() } else { ProgressBar::new(size.cycles) };
    if let Ok(style) = ProgressStyle::with_template("{bar:32} cycle {pos} of {len}  {eta} left") {
        bar.set_style(style);
    }
    let mut output = Output { args, size, first: None, last: None };
    if !args.json && !args.quiet {
        writeln!(streams.out, "{}", heading(&size, args.seed))?;
    }
    let mut trouble = None;
    let ran = watch(&size, args.seed, |picture| {
        bar.inc(1);
        let done = output.show(picture, streams);
        let goes_on = done.is_ok();
        trouble = done.err();
        goes_on
    });
    bar.finish_and_clear();
    if let Err(problem) = ran {
        writeln!(streams.err, "error: {problem}")?;
        return Ok(ExitCode::SimulatorFault);
    }
    trouble.map_or_else(|| output.end(streams), Err)
}

/// What is said about the cycles.
struct Output<'a> {
    args: &'a NetworkArgs,
    size: Size,
    /// The first cycle at whose end everybody knew everybody.
    first: Option<u64>,
    last: Option<Picture>,
}

impl Output<'_> {
    fn show(&mut self, picture: &Picture, streams: &mut Streams<'_>) -> io::Result<()> {
        if picture.is_connected() {
            self.first.get_or_insert(picture.cycle);
        }
        if self.args.json {
            writeln!(streams.out, "{}", picture.to_json())?;
        } else if !self.args.quiet {
            writeln!(streams.out, "{}", line(picture))?;
        }
        if let Some(dir) = &self.args.out
            && picture.cycle.is_multiple_of(self.size.output_every)
        {
            fs::write(path(dir, picture.cycle, "dot"), dot(picture))?;
            fs::write(path(dir, picture.cycle, "json"), format!("{}\n", picture.to_json()))?;
        }
        self.last = Some(picture.clone());
        Ok(())
    }

    fn end(&self, streams: &mut Streams<'_>) -> io::Result<ExitCode> {
        let Self { args, size, first, last } = self;
        let settled = last.as_ref().is_some_and(Picture::is_connected);
        if !args.json {
            let refused: u64 = last.iter().flat_map(|picture| &picture.nodes).map(|node| node.refused).sum();
            let (name, seed) = (size.name, args.seed);
            match first {
                Some(cycle) if settled => {
                    writeln!(streams.out, "{name}, seed {seed}: all connected at cycle {cycle}, {refused} refused")?;
                }
                _ => writeln!(streams.out, "{name}, seed {seed}: not all connected after {} cycles", size.cycles)?,
            }
            if let Some(dir) = &args.out {
                writeln!(streams.out, "\nfor file in {}/*.dot; do circo -Tpng -O \"$file\"; done", dir.display())?;
            }
        }
        Ok(if settled { ExitCode::Pass } else { ExitCode::Unsettled })
    }
}

fn path(dir: &Path, cycle: u64, kind: &str) -> PathBuf {
    dir.join(format!("sim-cycle-{cycle}.{kind}"))
}

fn heading(size: &Size, seed: u64) -> String {
    let Size { name, nodes, interval, .. } = *size;
    let title = format!("{name}: {nodes} nodes, cycles of {} ms, seed {seed}", interval.as_millis());
    format!("{title}\ncycle  lack somebody  max hops  oldest sentinel  links  new  lost  refused")
}

/// What a cycle looks like in one line.
fn line(picture: &Picture) -> String {
    let nodes = &picture.nodes;
    let lack = nodes.iter().filter(|node| node.missing > 0).count();
    let hops = nodes.iter().map(|node| node.max_hops).max().unwrap_or(0);
    let ages: Option<Vec<u64>> = nodes.iter().map(|node| node.sentinel_age).collect();
    let sentinel =
        ages.and_then(|ages| ages.into_iter().max()).map_or_else(|| "none".to_owned(), |age| age.to_string());
    let (kept, new, lost) =
        (picture.count(LinkState::Kept), picture.count(LinkState::New), picture.count(LinkState::Lost));
    let refused: u64 = nodes.iter().map(|node| node.refused).sum();
    let (cycle, links) = (picture.cycle, kept + new);
    format!("{cycle:>5}  {lack:>13}  {hops:>8}  {sentinel:>15}  {links:>5}  {new:>3}  {lost:>4}  {refused:>7}")
}
