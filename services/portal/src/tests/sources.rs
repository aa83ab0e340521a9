//! What the templates, styles and sources of the pages may hold.

use super::*;

#[test]
fn nothing_that_old_browsers_lack_is_used() {
    let templates = files("templates");
    for absent in [
        "type=\"number\"",
        "type=\"date\"",
        "type=\"password\"",
        "datalist",
        "pattern=",
        "sticky",
        "gap:",
        ":is(",
        ":where(",
        ":has(",
        ":dir(",
        "@layer",
        "@container",
        "clamp(",
        "min(",
        "max(",
        "light-dark",
        "color-mix",
        "dvh",
        "<dialog",
        "popover",
        "inert",
        "@font-face",
        "autofocus",
        "<script",
        "inline-start",
        "inline-end",
        "focus-visible",
    ] {
        assert!(templates.iter().all(|text| !text.contains(absent)), "{absent}");
    }
}

/// What is typed goes to no spell-checker, writing assistant or list of suggestions: each form says so for all its fields.
#[test]
fn each_form_with_words_in_it_keeps_them_from_helpers_that_read_along() {
    const QUIET: [&str; 2] =
        [" autocomplete=\"off\"", " spellcheck=\"false\" writingsuggestions=\"false\" autocorrect=\"off\""];
    let takes_words = |text: &str| {
        let fields = ["<textarea", "type=\"text\"", "parts::line(", "parts::area(", "\"second.html\""];
        fields.iter().any(|field| text.contains(field))
    };
    let mut forms = 0;
    for template in files("templates") {
        // What stands in no form is a part of a template that puts it into one.
        let is_part = !template.contains("{% extends");
        let mut pieces = template.split("<form ");
        let before = pieces.next().unwrap();
        assert!(is_part || !takes_words(before), "{before}");
        for piece in pieces {
            let (form, after) = piece.split_once("</form>").unwrap();
            let (tag, fields) = form.split_once('>').unwrap();
            assert!(!takes_words(after), "{after}");
            assert!(!fields.contains("spellcheck") && !fields.contains("autocorrect"), "{fields}");
            if takes_words(fields) {
                assert!(QUIET.iter().all(|quiet| tag.contains(quiet)), "{tag}");
                forms += 1;
            }
        }
    }
    assert_eq!(forms, 7);
}

/// What goes over the wire is `flare-edge`'s business: one typed method for each act.
#[test]
fn no_page_knows_a_message_of_the_wire() {
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            // What stands for services in a test speaks as they do.
            let is_test = path.ends_with("tests") || path.ends_with("tests.rs");
            if path.is_dir() && !is_test {
                folders.push(path);
            } else if !is_test {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
                assert!(!code.contains("::v1"), "{}", path.display());
                read += 1;
            }
        }
    }
    assert!(read > 10, "{read} files");
}
