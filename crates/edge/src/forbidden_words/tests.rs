use proptest::prelude::*;

use super::{
    tables::{ALIKE, ENDINGS, VOWELS},
    *,
};

fn found<'t>(phrase: &str, text: &'t str) -> Vec<&'t str> {
    SearchedText::of(text).places_of(phrase).into_iter().map(|place| &text[place]).collect()
}

/// A phrase, and a text in which it is said.
const SAID: &[(&str, &str)] = &[
    ("El Fasher", "we called EL\nFASHER's office"),
    ("El Fasher", "ElFasher"),
    ("radio", "Radios are on their way"),
    ("radio", "Your ra\u{ad}dio is mentioned."),
    ("radio", "r\u{200d}a\u{2060}d\u{feff}io"),
    ("radio", "ｒａｄｉｏ"),
    ("radio", "rаdiо in letters of two scripts"),
    ("Séné", "pre\u{300}s de Se\u{301}ne\u{301}"),
    ("Séné", "PRÈS DE SENE"),
    ("Diyarbakır", "DİYARBAKIR'da"),
    ("Diyarbakır", "Diyarbakir"),
    ("Łódź", "w lodzi, Lodz"),
    ("Ðakovo", "in Đakovo"),
    ("Đà Nẵng", "o Da Nang"),
    ("Tromsø", "Tromso"),
    ("Köln", "Koeln"),
    ("Koeln", "KÖLN"),
    ("Köln", "Ko\u{308}ln, Koln"),
    ("Elbe", "Radio Elbe"),
    ("Brønderslev", "Broenderslev"),
    ("Straße", "STRASSE"),
    ("Þórshöfn", "Thorshofn"),
    ("Gəncə", "Gence"),
    ("Ƙofar", "kofar"),
    ("Mohammed", "Mohamed"),
    ("Kaʻaʻawa", "Kaaawa"),
    ("Αθήνας", "ΑΘΗΝΑΣ"),
    ("Ґудзь", "Гудзь"),
    ("Алматы қаласы", "Алматы каласы"),
    ("Харьков", "Харков"),
    ("1100", "at ١١٠٠ and ۱۱۰۰"),
    ("المدينة", "نلتقي بالمدينة غدا"),
    ("المدينة", "السوق والمدينة"),
    ("المدينة", "ذهبنا للمدينة"),
    ("المدينة", "في المديـنة"),
    ("المدينة", "في المدينه"),
    ("مَدِينَة", "في مدينة"),
    ("أحمد", "مع احمد"),
    ("على", "علي"),
    ("کابل", "في كابل"),
    ("پشاور", "بشاور"),
    ("گرگان", "كركان"),
    ("هەولێر", "هه‌وليـر"),
    ("רמאללה", "נפגש ברמאללה"),
    ("הכפר", "ניפגש בכפר"),
    ("לבנון", "לבנונים"),
    ("חיים", "חַיִּים"),
    ("西藏", "我们在西藏工作"),
    ("臺灣", "在台湾"),
    ("維吾爾", "维吾尔人"),
    ("เชียงใหม่", "เราอยู่ที่เชียงใหม่แล้ว"),
    ("ភ្នំពេញ", "យើងនៅភ្នំពេញហើយ"),
    ("ភ្នំពេញ", "នៅភ្នំ\u{200b}ពេញ"),
    ("ဝါးခယ်မ", "ကျွန်တော် ဝါးခယ်မမှာ"),
    ("ວຽງຈັນ", "ຢູ່ວຽງຈັນແລ້ວ"),
    ("ལྷ་ས", "ང་ལྷ་སར་ཡོད"),
    ("አዲስ አበባ", "በአዲስ አበባ እንገናኝ"),
    ("ሐረር", "ወደ ሀረር"),
    ("ጸሐይ", "ፀሀይ"),
    ("दिल्ली", "हम दिल्लीमें हैं"),
    ("カラオケ", "ｶﾗｵｹとからおけ"),
    ("서울", "서울에서"),
    // Ends of words that other endings change or take away.
    ("المدينة", "في مدينتنا"),
    ("المدينة", "لمدينتكم"),
    ("مدرسة", "في مدرستك"),
    ("غزة", "غزتنا"),
    ("ساحة", "الساحات"),
    ("مستشفى", "مستشفاه"),
    ("مستشفى", "مستشفيات"),
    ("مبنى", "مبناها"),
    ("سوريا", "سورية"),
    ("نویسنده", "نویسندگان"),
    ("زنده", "زندگان"),
    ("ממשלה", "ממשלת ישראל"),
    ("עזה", "העזתים"),
    ("שכונה", "שכונות"),
    ("Москва", "в Москве"),
    ("Россия", "в России"),
    ("Одесса", "в Одессе"),
    ("София", "в Софии"),
    ("Грозный", "в Грозном"),
    ("Казань", "в Казани"),
    ("Череповец", "Череповца"),
    ("городок", "в городке"),
    ("Харків", "у Харкові"),
    ("Київ", "у Києві"),
    ("Тернопіль", "Тернополя"),
    ("Америка", "в Америці"),
    ("Praha", "v Praze"),
    ("Warszawa", "w Warszawie"),
    ("Ameryka", "w Ameryce"),
    ("Tuzla", "u Tuzli"),
    ("Kaunas", "Kaune"),
    ("Αθήνα", "Αθηνών"),
    ("Πειραιάς", "στον Πειραιά"),
    ("თბილისი", "თბილისში"),
    ("Գյումրի", "Գյումրու"),
    ("Halep", "Halebe"),
    ("Zonguldak", "Zonguldağın"),
    ("Başakşehir", "Başakşehir'de"),
    ("Қазақ", "Қазағы"),
    ("magaalo", "magaalada"),
    ("waddo", "waddada"),
    ("fure", "furaha"),
    ("meel", "meesha"),
    ("ከተማ", "ከተሞች"),
    ("ቤተሰብ", "ቤተሰቡ"),
    ("पटना", "पटने"),
    ("யாழ்ப்பாணம்", "யாழ்ப்பாணத்தில்"),
    ("തിരുവനന്തപുരം", "തിരുവനന്തപുരത്ത്"),
    ("city", "cities"),
    ("hôpital", "hôpitaux"),
    // Several words, each with its own ending.
    ("Нижний Новгород", "в Нижнем Новгороде"),
    ("Красный Крест", "Красного\nКреста"),
    ("Новая газета", "в «Новой газете»"),
    ("Дом печати", "в Доме печати"),
    ("Nowy Sącz", "w Nowym Sączu"),
    ("Taksim Meydanı", "Taksim'in meydanında"),
    ("المدينة القديمة", "مدينتنا القديمة"),
    ("صحيفة الحرية", "صحيفتنا الحرية"),
    // Letters of one script typed as those of another that look like them, small or as capitals.
    ("Москва", "MOCKBA"),
    ("Москва", "mockвa"),
    ("А123ВС77", "A123BC77"),
    ("А123ВС77", "a123bc77"),
    ("А123ВС77", "А\u{200b}123 ВС 77"),
    ("Ереван", "EPEBAH"),
    ("Αθήνα", "AθHNA"),
    ("Soomali", "Sоmali, Sоomaali"),
    ("แม่สอด", "เเม่สอด"),
    ("ແຂວງ", "ເເຂວງ"),
    // A letter of the Caucasus, and what it is typed as.
    ("ГӀалгӀайче", "Г1алг1айче"),
    ("ГӀалгӀайче", "ГIалгIайче"),
    ("ГӀалгӀайче", "Гlалгlайче"),
    ("ГӀалгӀайче", "Гіалгіайче"),
    ("ГӀалгӀай", "галгай"),
    ("Г1алг1ай", "ГӀалгӀай"),
    ("галгай", "ГӀалгӀай"),
    // One word in two spellings.
    ("हिंदी", "हिन्दी में"),
    ("हिन्दी", "हिंदी"),
    ("मुंबई", "मुम्बई से"),
    ("मुम्बई", "मुंबई"),
    ("माँ", "मां"),
    ("মুম্বাই", "মুংবাই"),
    ("مسؤول", "المسئول"),
    ("مسئول", "مسؤولين"),
    ("قابس", "ڨابس"),
    ("ڨفصة", "قفصة"),
    ("\u{200f}المدينة", "للمدينة"),
    ("«ٱلمدينة»", "للمدينة"),
    ("Ɣerdaya", "Γerdaya"),
    ("Γerdaya", "ɣerdaya"),
    ("Iɛeẓẓugen", "Iεezzugen"),
    ("Gəncə", "Gәncәdə"),
    ("Gәncә", "Gəncə"),
    ("Минск", "Мінск"),
    ("Мінск", "Минске"),
    ("Київ", "Киів"),
    ("Müller-Lüdenscheid", "Mueller-Lüdenscheid"),
    // Letters in circles and squares, in flags, of small capitals and of mathematics.
    ("radio", "🅡🅐🅓🅘🅞"),
    ("radio", "🆁🅰🅳🅸🅾"),
    ("radio", "🄡🄐🄓🄘🄞 Ⓡⓐⓓⓘⓞ"),
    ("radio", "🇷🇦🇩🇮🇴"),
    ("radio", "ʀᴀᴅɪᴏ"),
    ("radio", "𝓻𝓪𝓭𝓲𝓸"),
    // Burmese: digits for letters, and Zawgyi.
    ("ဝါးခယ်မ", "၀ါးခယ်မ"),
    ("ရန်ကုန်", "၇န်ကုန်"),
    ("ရန်ကုန်", "ရန္ကုန္မွာ"),
    ("မန္တလေး", "မႏၲေလး"),
];

/// A phrase, and a text in which it is not said.
const NOT_SAID: &[(&str, &str)] = &[
    ("Séné", "près de Sinnamary"),
    ("radio", "all is well"),
    ("110", "at 10:10"),
    ("المدينة", "في القرية"),
    ("西藏", "我们在新疆"),
    ("አዲስ አበባ", "በሐረር"),
    ("…", "anything…"),
    ("الا", "لا"),
    // Words that share a beginning with the phrase, or that hold what is left of it, in ordinary sentences.
    ("radio", "By tradition we trade in paradise, and it is traditional."),
    ("radio", "Traditionnellement, nous partons au paradis."),
    ("радио", "По традиции они не традиционны."),
    ("party", "Your partner is partly right: part of it was sent apart."),
    ("the town", "The other day we went downtown."),
    ("state", "The stationery is not here."),
    ("Maria", "She is primarily for the maritime summary."),
    ("tent", "We intended to pretend that she attended."),
    ("camp", "He came from Cambridge and Cambodia."),
    ("Gaza", "We gazed at the magazine."),
    ("Marie", "La mairie a primairement maintenu le maritime."),
    ("école", "Nous décollons, la récolte est écologique."),
    ("Alep", "Le problème est réglé."),
    ("مكة", "المكان مكانه وإمكانية"),
    ("ليلى", "نلتقي ليلا قليلا"),
    ("غزة", "نجهز الغذاء ونعزيكم في العزاء"),
    ("المدينة", "الدين والمدير والمدافعين"),
    ("سارة", "سنتصل بكم في الصباح"),
    ("شارع", "سارع إلينا"),
    ("Киев", "В отказе активистам архив не нужен, мы не отскакивали"),
    ("Київ", "Багато років і кроків, активістів та зв'язків"),
    ("Минск", "Мы включили список и минус"),
    ("Россия", "Вопросы о росте, мы просили и бросили"),
    ("Тузла", "Мы узнали, что узел развязан"),
    ("Томск", "Мы ищем потом, томительно"),
    ("Halep", "Bu taleple ilgili haber bekliyoruz"),
    ("Uşak", "Uçağa bindik ve uzaktayız"),
    ("Ankara", "Anlıyoruz, karar verildi, kara yolu kapalı"),
    ("araba", "Şarabı Karabük'e götürdük"),
    ("ከተማ", "ከዚህ ተማሪ ጋር"),
    ("ሐረር", "ሀገር ውስጥ ነን"),
    ("አበባ", "አባባ በቤት አሉ"),
    ("עזה", "זה הזמן לעזור"),
    ("ရန်ကုန်", "မန္တလေးမြို့မှာ"),
    ("А123ВС77", "А123ВС78"),
    ("Красный Крест", "Красный новый крест"),
    ("Новая газета", "Новости вышли в газете"),
];

#[test]
fn a_phrase_is_found_in_every_script_and_spelling() {
    let missed: Vec<_> = SAID.iter().filter(|(phrase, text)| found(phrase, text).is_empty()).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn other_words_are_not_found() {
    let found = NOT_SAID.iter().map(|(phrase, text)| (phrase, text, found(phrase, text)));
    let found: Vec<_> = found.filter(|(_, _, parts)| !parts.is_empty()).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn what_is_found_is_the_part_of_the_text_that_says_it() {
    for (phrase, text, parts) in [
        ("radio", "Your ra\u{ad}dio, RADIO", "ra\u{ad}dio|RADIO"),
        ("El Fasher", "near el-FASHER.", "el-FASHER"),
        ("Mohamed", "Mohammeds", "Mohammed"),
        ("Köln", "Koelner", "Koeln"),
        ("المدينة", "لا تذكر المدينة", "المدينة"),
        ("Москва", "в Москве", "Москв"),
        ("Красный Крест", "у Красного Креста", "Красного Крест"),
        // A letter that ends one word and begins the next belongs to both.
        ("all", "all lemons", "all"),
        ("lemons", "all lemons", "lemons"),
        ("l", "al lb", "l"),
        ("m", "am mb", "m"),
    ] {
        assert_eq!(found(phrase, text).join("|"), parts, "{phrase}");
    }
}

#[test]
fn a_phrase_of_marks_alone_cannot_be_found() {
    assert!(can_be_found("١") && can_be_found("西") && can_be_found("ӏ") && can_be_found("י"));
    for nothing in ["", " ", "…", "\u{200b}", "ـ", "\u{301}", "\u{308}"] {
        assert!(!can_be_found(nothing), "{nothing:?}");
    }
}

/// The letters of the tables are looked up after those of the same letter are one; a row with another would never count.
#[test]
fn tables_are_of_letters_that_words_are_compared_by() {
    let own = |text: &str| letters(text).iter().map(|letter| letter.own).collect::<String>();
    for (alike, letter) in ALIKE {
        alike.chars().for_each(|c| assert_eq!(own(&c.to_string()), *letter, "{c}"));
    }
    for (ending, instead) in ENDINGS {
        assert_eq!((own(ending).as_str(), own(instead).as_str()), (*ending, *instead));
    }
    assert_eq!(own(VOWELS), VOWELS);
}

proptest! {
    #[test]
    fn a_phrase_is_found_whatever_stands_around_it(
        before in LETTERS,
        phrase in LETTERS,
        after in LETTERS,
    ) {
        prop_assume!(can_be_found(&phrase));
        let text = format!("{before}{phrase}{after}");
        prop_assert!(!found(&phrase, &text).is_empty(), "{:?} in {:?}", phrase, text);
    }

    #[test]
    fn what_is_found_is_a_part_of_any_text(phrase in "\\PC{1,3}", text in "\\PC{0,40}") {
        let text = format!("{text}{phrase}{phrase} {text}");
        for place in SearchedText::of(&text).places_of(&phrase) {
            prop_assert!(place.start < place.end && text.get(place).is_some());
        }
    }
}

/// Letters of scripts in which no letter changes the one before it, and marks.
const LETTERS: &str = "[a-zA-Zßöü0-9а-яіїӏα-ωא-תا-يሀ-ቿ '\u{ad}\u{200f}\u{308}\n-]{0,8}";
