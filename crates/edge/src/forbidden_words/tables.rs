//! Letters that people type for each other, and what a word's end turns into.
//!
//! Sources: The Unicode Standard, version 17, on letters that extend a script for other languages and that a keyboard of the
//! script does not have: chapters 7.1 (Latin), 7.2 (Greek), 7.4 (Cyrillic), 9.1 (Hebrew), 9.2 (Arabic), 16.3 (Myanmar),
//! 16.4 (Khmer), 18.4 (Kana), 19.1 (Ethiopic). What merely looks alike is not here: it is in Unicode's table of confusables
//! (UTS #39). Chinese is not here either: what is traditional and what simplified is in the tables of `OpenCC`.

/// Letters that people type for each other: each of the first is replaced by the second, everywhere.
pub(super) const ALIKE: &[(&str, &str)] = &[
    // Latin: letters that no accent can be taken from, and small capitals, which Unicode holds for letters of their own.
    ("ᴀ", "a"),
    ("æ", "ae"),
    ("ɓʙ", "b"),
    ("ᴄ", "c"),
    ("đðɖɗᴅ", "d"),
    ("əǝɛᴇ", "e"),
    ("ƒꜰ", "f"),
    ("ɣɢ", "g"),
    ("ħʜ", "h"),
    ("ıɩɪ", "i"),
    ("ᴊ", "j"),
    ("ƙĸᴋ", "k"),
    ("łɫʟ", "l"),
    ("ᴍ", "m"),
    ("ŋɲɳɴ", "n"),
    ("ɔᴏ", "o"),
    ("ø", "o\u{308}"),
    ("œ", "oe"),
    ("ᴘ", "p"),
    ("ʀ", "r"),
    ("ßſꜱ", "s"),
    ("ŧᴛ", "t"),
    ("þ", "th"),
    ("ᴜ", "u"),
    ("ʋᴠ", "v"),
    ("ᴡ", "w"),
    ("ƴʏ", "y"),
    ("ᴢ", "z"),
    // Greek and Hebrew: the shape at a word's end, which an ending takes away.
    ("ς", "σ"),
    ("ך", "כ"),
    ("ם", "מ"),
    ("ן", "נ"),
    ("ף", "פ"),
    ("ץ", "צ"),
    // Cyrillic: letters of other languages on a Russian keyboard, and signs that are left out.
    ("ґғӷ", "г"),
    ("є", "е"),
    ("қҝҡӄ", "к"),
    ("ңӈ", "н"),
    ("үұ", "у"),
    ("ө", "о"),
    ("ә", "а"),
    ("җ", "ж"),
    ("ҷҹ", "ч"),
    ("ҳһ", "х"),
    ("ъь", ""),
    // Arabic: letters of other languages on an Arabic keyboard, two that are written for each other at a word's end, the
    // lone hamza, and the stroke that only lengthens.
    ("ةۃہھە", "ه"),
    ("ىیېۍێے", "ي"),
    ("ٱٲٳ", "ا"),
    ("ۆۇۈۋۅ", "و"),
    ("کګگڭݣڪ", "ك"),
    ("پ", "ب"),
    ("چڃ", "ج"),
    ("ځڅ", "ح"),
    ("ژ", "ز"),
    ("ښ", "س"),
    ("ڤڥڢ", "ف"),
    ("ڨڧ", "ق"),
    ("ٹټ", "ت"),
    ("ڈډ", "د"),
    ("ڑړڕ", "ر"),
    ("ںڼ", "ن"),
    ("ڵڶ", "ل"),
    ("ءـ", ""),
    // Myanmar: two letters that look like the digits zero and seven, and two that look alike.
    ("ဝ", "0"),
    ("ရ", "7"),
    ("ဥ", "ဉ"),
    // Khmer: a vowel that is typed as another twice.
    ("ែ", "េ"),
    // Ethiopic: series that sound the same are below; so do the first and the fourth order of two of them.
    ("ሀ", "ሃ"),
    ("አ", "ኣ"),
    // Kana: the mark that lengthens.
    ("ー", ""),
];

/// Runs of letters that stand for those of another run, one for one: first, last, and the first of the other run.
pub(super) const SERIES: &[(char, char, char)] = &[
    // Ethiopic: series that sound the same.
    ('ሐ', 'ሗ', 'ሀ'),
    ('ኀ', 'ኆ', 'ሀ'),
    ('ኸ', 'ኾ', 'ሀ'),
    ('ሠ', 'ሧ', 'ሰ'),
    ('ዐ', 'ዖ', 'አ'),
    ('ፀ', 'ፆ', 'ጸ'),
    ('ァ', 'ヶ', 'ぁ'),
    // Letters in black circles, in black squares, and of flags: Unicode takes none of them apart.
    ('🅐', '🅩', 'a'),
    ('🅰', '🆉', 'a'),
    ('🇦', '🇿', 'a'),
];

/// What a phrase is also searched with in place of a letter, where the letter stands for others in other words.
pub(super) const INSTEAD: &[(&str, &str)] = &[
    // Azerbaijani and Tatar, and Kabyle: a letter of one script typed as the one of another.
    ("ə", "ә"),
    ("ә", "ə"),
    ("ɣ", "γ"),
    ("γ", "ɣ"),
    ("ɛ", "ε"),
    ("ε", "ɛ"),
    // Arabic: a hamza is carried by either (مسؤول, مسئول).
    ("ؤ", "ئ"),
    ("ئ", "ؤ"),
    // Languages of the Caucasus: the palochka, typed as a digit, which looks like a small l.
    ("ӏ", "1"),
];

/// The articles of Arabic and Hebrew melt into what stands before them (للمدينة, בכפר).
pub(super) const ARTICLES: &[&str] = &["ال", "ٱل", "ה"];

/// Vowels that another ending takes away at a word's end, and letters that do the work of one there. Vowel signs of the
/// scripts of India are not listed.
pub(super) const VOWELS: &str = "aeiouаеиоуыэюяіαεηιουωաեէըիոօաაეიოუاهيה";

/// Ends of words that other endings change, and what they become, as grammars of the languages have it; each group has an
/// example. Without its vowel an end is tried anyway, so that only what this does not reach is here.
pub(super) const ENDINGS: &[(&str, &str)] = &[
    // Russian, Ukrainian, Bulgarian: a vowel that flees (городок, городка; Череповец, Череповца).
    ("ок", "к"),
    ("ек", "к"),
    ("ец", "ц"),
    // Ukrainian: a vowel that changes as its syllable opens (Харків, Харкова; Київ, Києва; Тернопіль, Тернополя).
    ("ів", "ов"),
    ("ів", "ев"),
    ("іг", "ог"),
    ("ід", "од"),
    ("іл", "ол"),
    // Slavic languages in either script: a consonant that changes before its ending (Америка, Америці; Praha, Praze).
    ("ка", "ц"),
    ("га", "з"),
    ("ха", "с"),
    ("ka", "c"),
    ("ga", "z"),
    ("ga", "dz"),
    ("ha", "z"),
    // Polish and Czech adjectives (Nowy Sącz, w Nowym Sączu). A y alone would take party for part.
    ("ky", "k"),
    ("ny", "n"),
    ("wy", "w"),
    // Greek, and Lithuanian and Latvian: an s that goes with its vowel (Πειραιάς, Πειραιά; Kaunas, Kaune).
    ("ασ", ""),
    ("εσ", ""),
    ("ησ", ""),
    ("οσ", ""),
    ("as", ""),
    ("is", ""),
    ("us", ""),
    // English and French plurals (city, cities; hôpital, hôpitaux).
    ("y", "ies"),
    ("al", "aux"),
    // Turkish and Kazakh: a consonant that softens (Zonguldak, Zonguldağa; Halep, Halebe; Қазақ, Қазағы).
    ("k", "g"),
    ("p", "b"),
    ("t", "d"),
    ("к", "г"),
    ("п", "б"),
    // Somali: an ending that melts into its article (waddo, waddada; fure, furaha; meel, meesha).
    ("o", "ada"),
    ("e", "aha"),
    ("l", "sha"),
    // Arabic: the closed t that opens (غزة, غزتنا; ساحة, ساحات), and the ya that is an alif within a word (مبنى, مبناه).
    ("ه", "تي"),
    ("ه", "تك"),
    ("ه", "ته"),
    ("ه", "تن"),
    ("ه", "ات"),
    ("ي", "اك"),
    ("ي", "اه"),
    ("ي", "ان"),
    // Persian: those who do something (زنده, زندگان).
    ("نده", "ندكان"),
    // Hebrew: the same t (ממשלה, ממשלת; עזה, עזתי).
    ("ה", "ת"),
    ("ה", "תי"),
    // Tamil (யாழ்ப்பாணம், யாழ்ப்பாணத்தில்).
    ("ம", "த"),
];

/// Burmese in fonts called Zawgyi, which give the places of other languages' letters to Burmese stacks, and other meanings to the marks
/// that stand around a letter. Stacked letters and variants become the letter itself; what the two encodings order or
/// mean differently is left out in both. A kinzi, which the two write at different places, is not found.
///
/// Source: the rules by which converters go from Zawgyi to Unicode, such as those of the project `myanmar-tools`.
pub(super) const ZAWGYI: &[(&str, &str)] = &[
    ("\u{1060}", "က"),
    ("\u{1061}", "ခ"),
    ("\u{1062}", "ဂ"),
    ("\u{1063}", "ဃ"),
    ("\u{1065}", "စ"),
    ("\u{1066}\u{1067}", "ဆ"),
    ("\u{1068}", "ဇ"),
    ("\u{1069}", "ဈ"),
    ("\u{106a}", "ဉ"),
    ("\u{106b}", "ည"),
    ("\u{106c}\u{1097}", "ဋ"),
    ("\u{106d}", "ဌ"),
    ("\u{106e}", "ဍ"),
    ("\u{1070}", "ဏ"),
    ("\u{1071}\u{1072}\u{1096}", "တ"),
    ("\u{1073}\u{1074}", "ထ"),
    ("\u{1075}", "ဒ"),
    ("\u{1076}", "ဓ"),
    ("\u{1077}\u{108f}", "န"),
    ("\u{1078}", "ပ"),
    ("\u{1079}", "ဖ"),
    ("\u{107a}", "ဗ"),
    ("\u{107b}\u{1093}", "ဘ"),
    ("\u{107c}", "မ"),
    ("\u{1085}", "လ"),
    ("\u{1086}", "ဿ"),
    ("\u{1090}", "7"),
    ("\u{105a}", "\u{102b}"),
    ("\u{1033}\u{1088}", "\u{102f}"),
    ("\u{1034}\u{1089}", "\u{1030}"),
    ("\u{108b}", "\u{102d}"),
    ("\u{108c}", "\u{102e}"),
    ("\u{108d}", "\u{1036}"),
    ("\u{108e}", "\u{102d}\u{1036}"),
    ("\u{1031}\u{103b}\u{103c}\u{103d}\u{103e}\u{1064}\u{107d}\u{107e}\u{107f}\u{1080}\u{1081}", ""),
    ("\u{1082}\u{1083}\u{1084}\u{1087}\u{108a}\u{1094}\u{1095}", ""),
];
