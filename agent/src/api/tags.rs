//! What does an operator say of this node, for others to choose by?

use axum::extract::State;
use quidnunc::View;

use super::extract::Body;
use super::{Agent, Answer, Of, Problem, members, reply};
use crate::model::{Tags, TagsChange};
use crate::names::{self, TAG_BYTES_MAX, TAG_PREFIX, TAGS_MAX};

/// `GET /v1/tags`
pub(super) async fn list(State(agent): Of) -> Answer<Tags> {
    reply(Tags { tags: agent.node.read(|driver| own(driver.view())).await? })
}

/// `POST /v1/tags`
pub(super) async fn change(State(agent): Of, Body(change): Body<TagsChange>) -> Answer<Tags> {
    agent.change_tags(&change).await?;
    list(State(agent)).await
}

fn own(view: View<'_>) -> std::collections::BTreeMap<String, String> {
    members::tags(view, view.id())
}

impl Agent {
    /// Sets tags and takes others off; none if one cannot be.
    pub(crate) async fn change_tags(&self, TagsChange { set, unset }: &TagsChange) -> Result<(), Problem> {
        if let Some(name) = set.keys().chain(unset).find(|name| !names::is_tag_name(name)) {
            let message = format!("`{}` is no name of a tag", name.escape_debug());
            return Err(Problem::bad("bad_tag", message).hint("1 to 64 bytes without blanks, `/` and `=`"));
        }
        if let Some((name, value)) = set.iter().find(|(_, value)| !names::is_tag_value(value)) {
            let message = format!("the tag `{name}` has a value of {} bytes, or with odd characters", value.len());
            return Err(Problem::bad("bad_tag", message).hint(format!("at most {TAG_BYTES_MAX} bytes on one line")));
        }
        let mut tags = self.node.read(|driver| own(driver.view())).await?;
        tags.extend(set.clone());
        tags.retain(|name, _| !unset.contains(name));
        if tags.len() > TAGS_MAX {
            return Err(Problem::bad("too_many_tags", format!("a node has {TAGS_MAX} tags at most"))
                .hint("take some off, or say it with `quidnunc kv set`"));
        }
        for (name, value) in set {
            self.node.put(format!("{TAG_PREFIX}{name}").as_bytes(), value.as_bytes(), None).await?;
        }
        for name in unset {
            self.node.delete(format!("{TAG_PREFIX}{name}").as_bytes()).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::names::TAGS_MAX;
    use crate::within::Within;
    use quidnunc::Config;

    #[tokio::test]
    async fn a_node_has_so_many_tags_and_of_others_no_more_are_shown() {
        let within = Within::start("n1", Config::local()).await;
        for number in 0..TAGS_MAX {
            let key = format!("tag/t{number:03}");
            within.agent.node.put(key.as_bytes(), b"x", None).await.expect("there is room");
        }
        let (status, said) = within.post("/v1/tags", "{\"set\":{\"one-more\":\"x\"}}").await;
        assert_eq!((status, &said[0]["error"]["code"]), (400, &"too_many_tags".into()));
        let (status, _) = within.post("/v1/tags", "{\"set\":{\"other\":\"x\"},\"unset\":[\"t000\"]}").await;
        assert_eq!(status, 200, "one has gone for it");
        // Whoever does not keep to it.
        for number in 0..2 * TAGS_MAX {
            let key = format!("tag/t{number:03}");
            within.agent.node.put(key.as_bytes(), &[b'x'; 1000][..1 + 999 * (number % 2)], None).await.expect("room");
        }
        let (_, said) = within.get("/v1/members").await;
        let tags = said["members"][0]["tags"].as_object().expect("tags");
        assert!(tags.len() <= TAGS_MAX && tags.values().all(|value| value == "x"), "{tags:?}");
        assert!(!tags.is_empty());
    }
}
