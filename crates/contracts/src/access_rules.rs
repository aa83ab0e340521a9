//! The access rule of each RPC, read from the options in `proto/`.

use std::collections::HashMap;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};

use crate::{DESCRIPTORS, common::v1::AccessRule};

/// The rule of each RPC by its path, such as `/flare.intake.v1.Intake/SubmitRequest`.
#[derive(Clone, Debug)]
pub struct AccessRules(HashMap<String, AccessRule>);

/// An RPC without a rule: nobody knows who may call it, so nothing may start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path} has no access rule")]
pub struct MissingRule {
    path: String,
}

impl AccessRules {
    /// The rules of every RPC in `proto/`.
    pub fn load() -> Result<Self, MissingRule> {
        let unreadable = |what: &str| MissingRule { path: format!("the descriptor set ({what})") };
        let pool = DescriptorPool::decode(DESCRIPTORS).map_err(|_| unreadable("pool"))?;
        let option = pool
            .get_extension_by_name("flare.common.v1.access")
            .ok_or_else(|| unreadable("flare.common.v1.access"))?;
        let mut rules = HashMap::new();
        for service in pool.services().filter(|service| service.full_name().starts_with("flare.")) {
            for method in service.methods() {
                let path = format!("/{}/{}", service.full_name(), method.name());
                let options = method.options();
                let rule = options.get_extension(&option).as_message().and_then(decode);
                let rule = rule.ok_or_else(|| MissingRule { path: path.clone() })?;
                rules.insert(path, rule);
            }
        }
        Ok(Self(rules))
    }

    /// The rule of an RPC of Flare; none for other paths, such as health and reflection.
    pub fn of(&self, path: &str) -> Option<&AccessRule> {
        self.0.get(path)
    }

    /// Every RPC and its rule.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &AccessRule)> {
        self.0.iter().map(|(path, rule)| (path.as_str(), rule))
    }
}

impl FromIterator<(String, AccessRule)> for AccessRules {
    /// Rules of RPCs that are not in `proto/`, for a test's own services.
    fn from_iter<I: IntoIterator<Item = (String, AccessRule)>>(rules: I) -> Self {
        Self(rules.into_iter().collect())
    }
}

/// The rule, unless it allows nobody.
fn decode(message: &DynamicMessage) -> Option<AccessRule> {
    let rule = AccessRule::decode(message.encode_to_vec().as_slice()).ok()?;
    (rule != AccessRule::default()).then_some(rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rpc_says_who_may_call_it() {
        let rules = AccessRules::load().unwrap();
        assert!(rules.of("/flare.events.v1.EventLog/EventsAfter").unwrap().service);
        assert!(rules.of("/grpc.health.v1.Health/Check").is_none());
        let money = rules.of("/flare.grants.v1.Grants/HoldMoney").unwrap();
        assert_eq!(*money, AccessRule { services: vec!["triage".to_owned()], ..AccessRule::default() });
        // A name that is no service would shut out whoever it was meant for.
        let named = rules.iter().flat_map(|(_, rule)| &rule.services);
        assert!(named.into_iter().all(|name| name.parse::<crate::Service>().is_ok()));
    }
}
