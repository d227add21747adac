//! What has become of the model?

use std::vec;
use std::vec::Vec;

use super::{Time, World, node_at, peer_of};
use crate::overlay::{Counts, Standing, Way};

impl World {
    /// The nodes that are there.
    pub(in super::super) fn living(&self) -> Vec<usize> {
        (0..self.nodes.len()).filter(|&node| self.nodes[node].is_some()).collect()
    }

    pub(in super::super) fn counts(&self) -> Vec<Counts> {
        self.nodes.iter().flatten().map(|node| node.overlay.counts()).collect()
    }

    /// When a node last began a request.
    pub(in super::super) fn last_dial(&self) -> Time {
        self.nodes.iter().flatten().map(|node| node.dialled).max().unwrap_or(0)
    }

    pub(in super::super) fn standings(&self) -> Vec<Standing> {
        self.nodes.iter().flatten().map(|node| node.overlay.standing().0).collect()
    }

    /// How many links have ended by silence although both nodes were there.
    pub(in super::super) const fn lost_links(&self) -> u64 {
        self.lost_links
    }

    /// How many outgoing and incoming links each node has.
    pub(in super::super) fn degrees(&self) -> Vec<(usize, usize)> {
        let degree = |node: &super::Node| (node.overlay.outgoing().count(), node.overlay.incoming().count());
        self.nodes.iter().flatten().map(degree).collect()
    }

    /// Whom each node has links to, dead ones left out.
    fn neighbours(&self) -> Vec<Vec<usize>> {
        let mut all = vec![Vec::new(); self.nodes.len()];
        for node in self.living() {
            let Some(overlay) = self.nodes[node].as_ref().map(|node| &node.overlay) else { continue };
            for (_, peer) in overlay.outgoing().chain(overlay.incoming()) {
                let to = node_at(peer.addr);
                if self.nodes[to].is_some() {
                    all[node].push(to);
                    all[to].push(node);
                }
            }
        }
        all
    }

    /// How far each node that can be reached is from this one.
    fn distances(neighbours: &[Vec<usize>], from: usize) -> Vec<Option<u32>> {
        let mut distances = vec![None; neighbours.len()];
        let mut queue = std::collections::VecDeque::from([(from, 0)]);
        while let Some((node, distance)) = queue.pop_front() {
            if distances[node].is_none() {
                distances[node] = Some(distance);
                queue.extend(neighbours[node].iter().map(|&to| (to, distance + 1)));
            }
        }
        distances
    }

    /// Whether each link is there on both sides, by the same names, and leads to somebody who is there.
    pub(in super::super) fn is_symmetric(&self) -> bool {
        let overlay = |node: usize| self.nodes[node].as_ref().map(|node| &node.overlay);
        let ends = |node: usize, other: usize| {
            let overlay = overlay(other)?;
            overlay.way(overlay.link_to(peer_of(node).id)?)
        };
        self.living().into_iter().filter_map(|node| Some((node, overlay(node)?))).all(|(node, overlay)| {
            let mut ways = overlay.outgoing().chain(overlay.incoming()).filter_map(|(link, _)| overlay.way(link));
            let is_mutual = |there: Way, here: Way| (there.own, there.theirs) == (here.theirs, here.own);
            ways.all(|here| ends(node, node_at(here.peer.addr)).is_some_and(|there| is_mutual(there, here)))
        })
    }

    /// Whether links lead from every node to every other.
    pub(in super::super) fn is_connected(&self) -> bool {
        let (neighbours, living) = (self.neighbours(), self.living());
        let from = *living.first().expect("somebody lives");
        let distances = Self::distances(&neighbours, from);
        living.iter().all(|&node| distances[node].is_some())
    }

    /// The longest of all shortest ways.
    pub(in super::super) fn diameter(&self) -> u32 {
        let neighbours = self.neighbours();
        let farthest = |from| Self::distances(&neighbours, from).into_iter().flatten().max();
        self.living().into_iter().filter_map(farthest).max().unwrap_or(0)
    }

    /// The most hops over which a marker of a node that is there has come.
    pub(in super::super) fn hops(&self) -> u32 {
        let living = self.living();
        let hops = |node: &super::Node| {
            let known = living.iter().filter_map(|&origin| node.knowledge.known[origin]);
            known.map(|known| known.hops).max().unwrap_or(0)
        };
        self.nodes.iter().flatten().map(hops).max().unwrap_or(0)
    }

    /// Whether everybody knows everybody.
    pub(in super::super) fn all_known(&self) -> bool {
        let living = self.living();
        let knows = |node: &super::Node| living.iter().all(|&origin| node.knowledge.known[origin].is_some());
        living.len() == self.nodes.len() && self.nodes.iter().flatten().all(knows)
    }
}
