//! The application wants something: who does it?

use crate::quorum::Proposal;
use crate::vocab::Instant;

use super::io::{Command, Rejected, SEEDS_MAX};
use super::{Leaving, Node};

impl Node {
    pub(super) fn on_command(&mut self, command: Command<'_>, now: Instant) -> Result<(), Rejected> {
        match self.leaving {
            Leaving::Stays => {}
            Leaving::Leaves | Leaving::HasLeft => return Err(Rejected::HasLeft),
            Leaving::Stopped => return Err(Rejected::Stopped),
        }
        match command {
            Command::Join { seeds: [] } => Err(Rejected::NoSeeds),
            Command::Join { seeds } if seeds.len() > SEEDS_MAX => Err(Rejected::TooManySeeds { count: seeds.len() }),
            Command::Join { seeds } => {
                if let Some(&addr) = seeds.iter().find(|&&seed| !self.allows(seed)) {
                    return Err(Rejected::NotAllowed { addr });
                }
                self.join(seeds, now);
                self.join_links(seeds, now);
                Ok(())
            }
            Command::Leave => {
                self.leave(now);
                Ok(())
            }
            Command::Remove { id } => self.remove(id, now),
            Command::Send { to, number, bytes } => self.send(to, number, bytes, now),
            Command::Note { to, bytes } => self.note(to, bytes),
            Command::Ping { id } => self.ping(id, now),
            Command::Addresses { also } => self.set_addresses(also, now),
            Command::Put { key, value } => self.put(key, value, None, now),
            Command::PutWithTtl { key, value, ttl } => self.put(key, value, Some(ttl), now),
            Command::PutAndWait { key, value, replicas, domains, timeout } => {
                self.put_and_wait((key, value), (replicas, domains), timeout, now)
            }
            Command::AddInfo { key, value, ttl } => self.add_info(key, value, ttl, now),
            Command::DeleteInfo { key } => self.delete_info(key, now),
            Command::RegisterGroup(group) => self.register_group(group, now),
            Command::WatchInfos { pattern, repeats } => self.watch_infos(pattern, repeats),
            Command::UnwatchInfos { pattern } => self.unwatch_infos(pattern),
            Command::SendEvent { name, payload, ttl } => self.call((name, payload), ttl, None, now),
            Command::Query { number, name, payload, window } => {
                self.call((name, payload), window, Some((number, window)), now)
            }
            Command::Answer { question, payload } => self.answer_query(question, payload, now),
            Command::Configure { epoch, voters, domains } => self.configure(&Proposal { epoch, voters, domains }, now),
            Command::Delete { key } => self.delete(key, now),
            Command::Watch { prefix } => self.cold.watches.add(prefix),
            Command::Unwatch { prefix } => {
                self.cold.watches.remove(prefix);
                Ok(())
            }
        }
    }
}
