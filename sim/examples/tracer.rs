//! scratch
use quidnunc_core::*;
use quidnunc_sim::{scenario, world::*};
struct T;
impl Witness for T {
    fn on_event(&mut self, at: u64, node: u32, e: &Event) {
        if at > 20_000_000_000 {
            if let Event::Member(c) = e {
                println!(
                    "{:.3} n{} {:?} {:?} hops {} was {:?}",
                    at as f64 / 1e9,
                    node,
                    c.health,
                    c.reason,
                    c.hops,
                    c.was
                );
            }
        }
    }
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let text = std::fs::read_to_string(&a[1]).unwrap();
    let s = scenario::parse("f", &text).unwrap();
    run_with(&s, a[2].parse().unwrap(), &RunOptions::default(), &mut T).unwrap();
}
