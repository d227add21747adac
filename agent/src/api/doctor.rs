//! What is wrong with gossip here?

use axum::extract::State;

use super::extract::Body;
use super::{Answer, Of, reply};
use crate::doctor::diagnose;
use crate::model::{Diagnosis, DoctorRequest};

/// `POST /v1/doctor`
pub(super) async fn doctor(State(agent): Of, Body(DoctorRequest { member }): Body<DoctorRequest>) -> Answer<Diagnosis> {
    let helper = match member {
        Some(member) => Some(agent.find(member).await?),
        None => None,
    };
    reply(diagnose(&agent, helper).await?)
}
