//! How is a picture drawn? As a graph in the DOT language of Graphviz.
//!
//! A record per node with its most hops (MH), the average age of the others' infos (AA) and the age of the sentinel
//! (SA), red while it lacks somebody; the more links it serves, the larger its letters. Links go from who asked to who
//! serves: new ones green, lost ones red and dotted.

use std::fmt::Write as _;

use super::picture::{LinkPicture, LinkState, NodePicture, Picture};

/// The smallest and the largest letters, in points.
const LETTERS: (u32, u32) = (12, 24);

/// The graph of a picture. Nodes stand in the order of their numbers, which is that of their addresses.
#[must_use]
pub fn dot(picture: &Picture) -> String {
    let most = picture.nodes.iter().map(|node| node.incoming).max().unwrap_or(0);
    let mut out = String::from("digraph G {\n  node [shape=record];\n");
    for node in &picture.nodes {
        draw_node(&mut out, node, most);
    }
    for link in &picture.links {
        draw_link(&mut out, picture, *link);
    }
    out.push_str("}\n");
    out
}

fn draw_node(out: &mut String, node: &NodePicture, most: u32) {
    let (least, largest) = LETTERS;
    let more = ((largest - least) * node.incoming).checked_div(most).unwrap_or(0);
    let age = match node.age_hundredths {
        Some(age) if node.missing == 0 => format!("AA={}.{:02}", age / 100, age % 100),
        Some(_) | None if node.missing > 0 => format!("missing {}", node.missing),
        // Nobody else is there.
        Some(_) | None => "AA=0.00".to_owned(),
    };
    let sentinel = node.sentinel_age.map_or_else(|| "SA=none".to_owned(), |age| format!("SA={age}"));
    let fields = [node.name.clone(), format!("MH={}", node.max_hops), age, sentinel];
    let label = fields.map(|field| record_text(&field)).join("|");
    let color = if node.missing > 0 { ", color=red" } else { "" };
    // Writing into a string never fails.
    let _ = writeln!(
        out,
        "  {} [fontsize={}, label={}{color}];",
        quoted(&node.addr),
        least + more,
        quoted(&format!("{{{label}}}"))
    );
}

fn draw_link(out: &mut String, picture: &Picture, link: LinkPicture) {
    let addr = |node: u32| picture.nodes.get(node as usize).map_or_else(String::new, |node| quoted(&node.addr));
    let style = match link.state {
        LinkState::Kept => "",
        LinkState::New => " [color=green]",
        LinkState::Lost => " [color=red, style=dotted]",
    };
    let _ = writeln!(out, "  {} -> {}{style};", addr(link.from), addr(link.to));
}

/// A text as an identifier or value in quotes: in those only a quotation mark is escaped, and a backslash would begin
/// an escape of the label.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\\\""))
}

/// A text inside a record: what would begin a field or an escape is escaped.
fn record_text(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if matches!(c, '\\' | '{' | '}' | '|' | '<' | '>') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_to_graphviz_is_escaped() {
        assert_eq!(quoted(&record_text("a|b{c}<d>\\e")), r#""a\|b\{c\}\<d\>\\e""#);
        assert_eq!(quoted("say \"hi\""), r#""say \"hi\"""#);
    }

    #[test]
    fn nodes_and_links_show_what_became_of_them() {
        let node = |name: &str, missing, incoming| NodePicture {
            name: name.to_owned(),
            addr: format!("{name}:1"),
            max_hops: 2,
            missing,
            age_hundredths: Some(107),
            sentinel_age: (missing == 0).then_some(1),
            incoming,
            outgoing: 1,
            refused: 0,
        };
        let link = |from, to, state| LinkPicture { from, to, state };
        let links = vec![link(0, 1, LinkState::New), link(1, 0, LinkState::Lost), link(1, 2, LinkState::Kept)];
        let picture = Picture { cycle: 3, nodes: vec![node("a", 0, 0), node("b", 1, 1), node("c", 0, 2)], links };
        let expected = "digraph G {\n  node [shape=record];\n  \
            \"a:1\" [fontsize=12, label=\"{a|MH=2|AA=1.07|SA=1}\"];\n  \
            \"b:1\" [fontsize=18, label=\"{b|MH=2|missing 1|SA=none}\", color=red];\n  \
            \"c:1\" [fontsize=24, label=\"{c|MH=2|AA=1.07|SA=1}\"];\n  \
            \"a:1\" -> \"b:1\" [color=green];\n  \
            \"b:1\" -> \"a:1\" [color=red, style=dotted];\n  \
            \"b:1\" -> \"c:1\";\n}\n";
        assert_eq!(dot(&picture), expected);
    }
}
