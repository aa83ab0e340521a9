//! The staff, to show names in place of ids and to find ids by name.

use std::collections::BTreeMap;

use flare_contracts::identity::v1::Staff;

use super::Desk;
use crate::{EdgeError, KeyBundle};

/// Everyone on the staff.
pub struct People {
    staff: Vec<Staff>,
    /// The keys that the organisation vouches for.
    certified: BTreeMap<String, [u8; 32]>,
}

impl Desk {
    /// Everyone on the staff.
    pub async fn people(&self) -> Result<People, EdgeError> {
        Ok(People::new(self.all_staff().await?, self.session.bundle()))
    }
}

impl People {
    pub(super) fn new(staff: Vec<Staff>, bundle: &KeyBundle) -> Self {
        let key = |one: &Staff| Some((one.staff_id.clone(), bundle.certified(one).ok()?.signing));
        Self { certified: staff.iter().filter_map(key).collect(), staff }
    }

    /// The key that a person signs with, if the organisation vouches for it: the server could name any.
    pub(crate) fn signing_key(&self, staff_id: &str) -> Option<&[u8; 32]> {
        self.certified.get(staff_id)
    }

    /// The person's name; whatever else stands there (an id nobody has, "requester") stays as it is.
    pub fn name(&self, staff_id: &str) -> String {
        let found = self.staff.iter().find(|staff| staff.staff_id == staff_id);
        found.map_or(staff_id, |staff| staff.name.as_str()).to_owned()
    }

    /// The id and name of the person of this name or id.
    pub fn find(&self, name_or_id: &str) -> Option<(&str, &str)> {
        let found =
            self.staff.iter().find(|staff| staff.name == name_or_id || staff.staff_id == name_or_id)?;
        Some((&found.staff_id, &found.name))
    }
}

#[cfg(test)]
impl People {
    /// People of these ids and names, for whose keys nobody vouches.
    pub(super) fn named(people: &[(&str, &str)]) -> Self {
        let one = |(id, name): &(&str, &str)| Staff {
            staff_id: (*id).to_owned(),
            name: (*name).to_owned(),
            ..Staff::default()
        };
        Self { staff: people.iter().map(one).collect(), certified: BTreeMap::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_named_and_found_by_name_or_id() {
        let people = People::named(&[("staff_1", "amal")]);
        assert_eq!(people.name("staff_1"), "amal");
        assert_eq!(people.name("requester"), "requester");
        assert_eq!(people.find("amal"), Some(("staff_1", "amal")));
        assert_eq!(people.find("staff_1"), people.find("amal"));
        assert_eq!(people.find("x"), None);
    }
}
