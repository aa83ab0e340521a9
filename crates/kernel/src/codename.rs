//! A name for a case that people can say aloud and that says nothing.
//!
//! Triage gives each case the first of its candidates that no other case has, keeps it and tells it. Everybody else shows
//! what triage told.

use std::{fmt, str::FromStr};

use sha2::{Digest, Sha256};

use crate::CaseId;

const DOMAIN: &[u8] = b"flare/codename/v1";

/// How many candidates a case has. There are 6 553 600 names: were nine of ten taken, one case of 37 000 would find none.
const CANDIDATES: u32 = 100;

/// A case's codename, such as `amber-kestrel-27`.
///
/// It is read in the one form that it is written in: two words of 3 to 8 lower-case letters and two digits, with a hyphen
/// between them. Which words there are is not part of the form. What people type is read by `flare_typed::codename`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Codename(String);

/// A text that is no codename.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be two words and two digits, such as amber-kestrel-27")]
pub struct CodenameError;

impl Codename {
    /// The names that a case may have, the first choice first: always the same for the same case.
    pub fn candidates(case: CaseId) -> impl Iterator<Item = Self> {
        (0..CANDIDATES).map(move |number| Self::candidate(case, number))
    }

    /// SHA-256(`"flare/codename/v1"` ‖ the id's 16 bytes ‖ `number` in four big-endian bytes, left out when it is 0): byte 0
    /// picks the adjective, byte 1 the animal, bytes 2 to 5 as a big-endian number modulo 100 the two digits.
    fn candidate(case: CaseId, number: u32) -> Self {
        let mut hasher = Sha256::new().chain_update(DOMAIN).chain_update(case.as_bytes());
        if number > 0 {
            hasher.update(number.to_be_bytes());
        }
        let digest: [u8; 32] = hasher.finalize().into();
        let [adjective, animal, a, b, c, d, ..] = digest;
        let number = u32::from_be_bytes([a, b, c, d]) % 100;
        let (adjective, animal) = (ADJECTIVES[usize::from(adjective)], ANIMALS[usize::from(animal)]);
        Self(format!("{adjective}-{animal}-{number:02}"))
    }

    /// The name as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Codename {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Codename {
    type Err = CodenameError;

    fn from_str(text: &str) -> Result<Self, CodenameError> {
        let is_word =
            |part: &str| (3..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_lowercase());
        let is_number = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        let mut parts = text.split('-');
        match [parts.next(), parts.next(), parts.next(), parts.next()] {
            [Some(one), Some(other), Some(number), None]
                if is_word(one) && is_word(other) && is_number(number) =>
            {
                Ok(Self(text.to_owned()))
            }
            [_, _, _, _] => Err(CodenameError),
        }
    }
}

/// One for each value of the first byte.
#[rustfmt::skip]
const ADJECTIVES: [&str; 256] = [
    "aerial", "agile", "airy", "alpine", "amber", "ample", "apt", "autumn",
    "azure", "balmy", "basic", "blithe", "bold", "bonny", "breezy", "bright",
    "brisk", "broad", "bubbly", "calm", "candid", "cedar", "cheery", "citrus",
    "civil", "clean", "clear", "clever", "cloudy", "cobalt", "cool", "copper",
    "coral", "cosy", "cotton", "creamy", "crisp", "cubic", "curly", "dainty",
    "dapper", "daring", "deft", "dewy", "dotted", "downy", "dreamy", "eager",
    "early", "easy", "epic", "equal", "even", "exact", "fabled", "famous",
    "fancy", "fine", "firm", "floral", "fluent", "fluffy", "foggy", "fond",
    "forest", "formal", "fresh", "frosty", "frugal", "fruity", "garden", "genial",
    "gentle", "glad", "glassy", "glossy", "golden", "good", "grand", "grassy",
    "great", "handy", "happy", "hardy", "hearty", "honest", "humble", "hushed",
    "icy", "ideal", "indigo", "inky", "inland", "jade", "jasper", "jaunty",
    "jolly", "jovial", "joyful", "keen", "kind", "lacy", "large", "laurel",
    "lavish", "leafy", "lemon", "level", "light", "lilac", "limber", "linen",
    "lively", "local", "lofty", "long", "lucid", "lucky", "lunar", "lyric",
    "maple", "marble", "meadow", "mellow", "merry", "mild", "minty", "misty",
    "mobile", "modern", "modest", "mossy", "narrow", "neat", "nectar", "nifty",
    "nimble", "novel", "nutty", "oaken", "ocean", "olive", "opal", "open",
    "oval", "papery", "pastel", "peachy", "pearly", "pebbly", "peppery", "perky",
    "pine", "placid", "plain", "plucky", "plush", "poetic", "polar", "polite",
    "prime", "prompt", "proper", "quaint", "quartz", "quick", "quiet", "rainy",
    "rapid", "rare", "ready", "ripe", "river", "robust", "rocky", "rosy",
    "round", "rustic", "sandy", "satin", "scenic", "sedate", "sepia", "serene",
    "shady", "shiny", "silent", "silken", "silky", "silver", "simple", "sleek",
    "smart", "smooth", "snowy", "snug", "soft", "solar", "solid", "sonic",
    "spicy", "spiral", "spring", "spry", "square", "stable", "starry", "steady",
    "still", "stony", "sturdy", "subtle", "sugary", "summer", "sunny", "supple",
    "sweet", "swift", "tame", "tangy", "tender", "tidal", "tidy", "timber",
    "timely", "tiny", "topaz", "trim", "tropic", "true", "trusty", "tuneful",
    "unique", "upbeat", "useful", "valid", "valley", "vast", "velvet", "violet",
    "vital", "vivid", "walnut", "warm", "watery", "wavy", "willow", "windy",
    "winter", "wise", "witty", "wooden", "woolly", "woven", "zesty", "zippy",
];
/// One for each value of the second byte.
#[rustfmt::skip]
const ANIMALS: [&str; 256] = [
    "addax", "agouti", "alpaca", "anchovy", "anole", "avocet", "axolotl", "badger",
    "barbel", "barbet", "beetle", "bison", "bittern", "bongo", "bream", "brill",
    "bulbul", "bunting", "bustard", "canary", "caracal", "caribou", "carp", "catbird",
    "chamois", "chough", "cicada", "cichlid", "civet", "coati", "cod", "colugo",
    "coot", "cowrie", "crab", "crane", "cricket", "curlew", "cuscus", "dace",
    "deer", "dipper", "dolphin", "duiker", "dunlin", "dunnock", "echidna", "egret",
    "eider", "eland", "elk", "ermine", "fantail", "fennec", "finch", "firefly",
    "flicker", "fulmar", "gannet", "gazelle", "gecko", "gerbil", "gerenuk", "giraffe",
    "godwit", "gopher", "grebe", "grouse", "guanaco", "gudgeon", "gull", "gunnel",
    "guppy", "gurnard", "haddock", "halibut", "hamster", "hare", "heron", "herring",
    "honeybee", "hoopoe", "hyrax", "ibex", "ibis", "iguana", "impala", "jacana",
    "jackdaw", "jay", "jerboa", "junco", "katydid", "kestrel", "kinglet", "kite",
    "koi", "kudu", "lacewing", "ladybird", "lapwing", "lark", "lemur", "leveret",
    "limpet", "linnet", "llama", "loach", "lobster", "lynx", "macaw", "mallard",
    "manakin", "manatee", "margay", "marlin", "marmot", "marten", "mayfly", "meerkat",
    "merlin", "minnow", "moorhen", "moose", "moth", "motmot", "mullet", "muntjac",
    "muskox", "mussel", "mynah", "narwhal", "newt", "nilgai", "numbat", "nyala",
    "ocelot", "octopus", "okapi", "opossum", "oriole", "oryx", "osprey", "otter",
    "ouzel", "owl", "owlet", "oyster", "peafowl", "pelican", "penguin", "perch",
    "petrel", "pika", "pintail", "pipit", "plaice", "plover", "pochard", "pollock",
    "pony", "potoroo", "prawn", "prion", "puffin", "puma", "quail", "quokka",
    "quoll", "rabbit", "redpoll", "redwing", "roller", "rook", "rudd", "ruff",
    "saiga", "salmon", "sardine", "scallop", "scoter", "sculpin", "seal", "serin",
    "serval", "shrimp", "silkmoth", "siskin", "skimmer", "skink", "skylark", "smelt",
    "smew", "snapper", "sparrow", "sprat", "squid", "starfish", "stilt", "stint",
    "stoat", "stonefly", "stork", "sturgeon", "sunbird", "sunfish", "swallow", "swan",
    "takin", "tanager", "tapir", "tarpon", "tarsier", "tench", "tenrec", "tern",
    "terrapin", "tetra", "thrush", "tilapia", "tinamou", "tortoise", "toucan", "towhee",
    "treefrog", "trogon", "trout", "tuna", "turaco", "turbot", "turtle", "veery",
    "vicuna", "vireo", "vole", "wagtail", "wahoo", "wallaby", "walrus", "warbler",
    "waxbill", "waxwing", "weaver", "weevil", "whelk", "whiting", "wigeon", "willet",
    "wombat", "wrasse", "wren", "wryneck", "yak", "zander", "zebra", "zebu",
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_case_keeps_its_candidates_for_ever() {
        // Computed apart from this code, with Python's hashlib. A change here would make two cases of one name likely.
        let names = |bytes| {
            let names: Vec<_> = Codename::candidates(CaseId::from_bytes(bytes)).collect();
            assert_eq!(names.len(), 100);
            [0, 1, 2, 99].map(|number| names[number].to_string())
        };
        assert_eq!(
            names([0; 16]),
            ["topaz-swallow-91", "modern-wryneck-95", "vivid-skink-06", "misty-tuna-98"]
        );
        assert_eq!(
            names([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]),
            ["civil-dunlin-08", "spicy-pochard-20", "bright-honeybee-21", "fruity-loach-97"]
        );
        assert_eq!(
            names([255; 16]),
            ["light-ocelot-11", "rare-moth-67", "tuneful-gecko-05", "polite-snapper-34"]
        );
    }

    #[test]
    fn no_word_stands_twice_and_each_is_plain() {
        let words: Vec<_> = ADJECTIVES.iter().chain(&ANIMALS).collect();
        assert_eq!(words.iter().collect::<HashSet<_>>().len(), 512);
        for word in words {
            assert!(
                (3..=8).contains(&word.len()) && word.bytes().all(|letter| letter.is_ascii_lowercase()),
                "{word}"
            );
        }
    }

    #[test]
    fn a_name_is_read_in_one_form_only() {
        for other in [
            "",
            "amber",
            "amber-kestrel",
            "amber-kestrel-7",
            "amber-kestrel-127",
            "amber-kestrel-27-",
            "-kestrel-27",
            "am-kestrel-27",
            "amberamber-kestrel-27",
            "Amber-kestrel-27",
            "amber kestrel 27",
            " amber-kestrel-27",
            "amber-kestrel-٢٧",
            "case_00000000000000000000000000",
        ] {
            assert_eq!(other.parse::<Codename>(), Err(CodenameError), "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_name_is_two_words_and_two_digits_and_is_read_back(bytes: [u8; 16]) {
            for name in Codename::candidates(CaseId::from_bytes(bytes)).take(3) {
                let parts: Vec<_> = name.as_str().split('-').collect();
                prop_assert_eq!(parts.len(), 3);
                prop_assert!(ADJECTIVES.contains(&parts[0]) && ANIMALS.contains(&parts[1]));
                prop_assert!(parts[2].len() == 2 && parts[2].parse::<u8>().is_ok());
                prop_assert_eq!(name.to_string().parse(), Ok(name));
            }
        }
    }
}
