//! A name for a case that people can say aloud and that says nothing.
//!
//! It is computed from the case id, so it is never stored or sent, and whoever may know the id sees the same name.

use sha2::{Digest, Sha256};

use crate::CaseId;

const DOMAIN: &[u8] = b"flare/codename/v1";

/// The case's codename, such as `amber-kestrel-27`: one of 6 553 600, so a label and never an identifier.
///
/// SHA-256(`"flare/codename/v1"` ‖ the id's 16 bytes): byte 0 picks the adjective, byte 1 the animal, bytes 2 to 5 as
/// a big-endian number modulo 100 the two digits.
pub fn codename(case: CaseId) -> String {
    let digest: [u8; 32] = Sha256::new().chain_update(DOMAIN).chain_update(case.as_bytes()).finalize().into();
    let [adjective, animal, a, b, c, d, ..] = digest;
    let number = u32::from_be_bytes([a, b, c, d]) % 100;
    format!("{}-{}-{number:02}", ADJECTIVES[usize::from(adjective)], ANIMALS[usize::from(animal)])
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
    fn a_case_keeps_its_name_for_ever() {
        // Computed apart from this code, with Python's hashlib. A change here would rename every case.
        let name = |bytes| codename(CaseId::from_bytes(bytes));
        assert_eq!(name([0; 16]), "topaz-swallow-91");
        assert_eq!(name([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]), "civil-dunlin-08");
        assert_eq!(name([255; 16]), "light-ocelot-11");
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

    proptest! {
        #[test]
        fn a_name_is_two_words_and_two_digits(bytes: [u8; 16]) {
            let name = codename(CaseId::from_bytes(bytes));
            let parts: Vec<_> = name.split('-').collect();
            prop_assert_eq!(parts.len(), 3);
            prop_assert!(ADJECTIVES.contains(&parts[0]) && ANIMALS.contains(&parts[1]));
            prop_assert!(parts[2].len() == 2 && parts[2].parse::<u8>().is_ok());
        }
    }
}
