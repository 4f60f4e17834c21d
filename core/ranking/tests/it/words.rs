//! Words meet however they are written: what a shopper types is found in what a shop writes.

use akin_entities::Language;
use akin_ranking::analyze;

fn terms(text: &str) -> Vec<String> {
    analyze(text, Language::English)
}

/// Returns true if the text holds every term of the query.
fn finds(query: &str, text: &str) -> bool {
    let held = terms(text);
    let wanted = terms(query);
    !wanted.is_empty() && wanted.iter().all(|term| held.contains(term))
}

/// Returns true if the text holds a term of the query.
fn touches(query: &str, text: &str) -> bool {
    let held = terms(text);
    terms(query).iter().any(|term| held.contains(term))
}

#[test]
fn words_of_every_script_are_found_in_names() {
    for (query, name) in [
        ("耳机", "无线蓝牙耳机 降噪"),
        ("蓝牙耳机", "无线蓝牙耳机 降噪"),
        ("หูฟัง", "หูฟังไร้สาย"),
        ("イヤホン", "ワイヤレスイヤホン ブラック"),
        ("急須", "常滑焼の急須 300ml"),
        ("이어폰", "무선 이어폰 블랙"),
        ("कुर्सी", "लकड़ी की कुर्सी"),
        ("लकडी", "लकड़ी की कुर्सी"),
        ("سماعات", "سماعات لاسلكية"),
        ("手机", "5G手机壳"),
        ("充电器 usb", "USB充电器 65W"),
        ("نعناع", "شاي نَعناع"),
        ("наушники", "Беспроводные НАУШНИКИ"),
    ] {
        assert!(finds(query, name), "{query} in {name}: {:?}, {:?}", terms(query), terms(name));
    }
}

#[test]
fn vowel_marks_do_not_split_words() {
    for query in ["केक", "रस"] {
        assert!(!touches(query, "लकड़ी की कुर्सी"), "{query}: {:?}", terms("लकड़ी की कुर्सी"));
    }
    assert_eq!(terms("मोबाइल"), ["मोबाइल"]);
}

#[test]
fn letters_that_nfkd_does_not_take_apart_are_folded() {
    for (query, name) in [
        ("nordlyd", "RØDE-style broadcast microphone Nørdlyd"),
        ("ornevik", "Ørnevik rain jacket"),
        ("fussmatte", "Fußmatte Kokos"),
        ("lodz", "Łódź poster"),
        ("creme brulee", "Crème brûlée torch"),
        ("Nørdlyd", "nordlyd speaker"),
    ] {
        assert!(finds(query, name), "{query} in {name}");
    }
}

#[test]
fn words_meet_with_and_without_hyphens_and_apostrophes() {
    for forms in [
        &["t-shirt", "t shirt", "T‑Shirt", "tshirt"][..],
        &["L'Orelle", "l’orelle", "l orelle", "lorelle"],
        &["wi-fi", "wifi"],
        &["e-bike", "ebike"],
        &["men's shoes", "mens shoes", "men’s shoes"],
        &["H&M", "hm"],
        &["O'Neill's wetsuit", "oneill wetsuit"],
        &["U.S.A. flag", "usa flag"],
        &["TN-2110", "tn2110"],
    ] {
        let joined = forms.last().unwrap();
        for form in forms {
            assert!(finds(joined, form), "{joined} in {form}: {:?}", terms(form));
            assert!(touches(form, joined), "{form} in {joined}: {:?}", terms(form));
        }
    }
    assert!(finds("head phones", "head-phones"));
    assert_eq!(terms("don't"), ["don", "t", "dont"]);
}

#[test]
fn decimal_points_are_never_joined_over() {
    assert!(!touches("35mm film", "Audio cable 3.5mm jack"));
    assert!(!touches("5mm", "Audio cable 3.5mm jack"));
    assert!(!touches("3.5mm", "35mm roll"));
    for form in ["3.5mm", "3.5 mm", "3,5 mm", "3,5mm", "3.5-mm"] {
        assert!(finds("3.5mm", form), "{form}: {:?}", terms(form));
        assert!(finds("3.5 mm", form), "{form}: {:?}", terms(form));
    }
}

#[test]
fn numbers_meet_their_units_however_they_are_spaced_and_named() {
    for forms in [
        &["10cm", "10 cm", "10-cm", "10 centimeters"][..],
        &["65\"", "65 inch", "65-inch", "65inch", "65 inches", "65”", "65 Zoll"],
        &["5ft", "5 ft", "5 feet", "5-foot"],
        &["1,000W", "1000 watts", "1000w"],
        &["2-pack", "2 pack", "2pk"],
        &["10 000 mAh", "10,000mAh", "10'000 mAh", "10\u{202f}000 mAh", "10000 mAh"],
        &["3/4 inch", "3/4\"", "¾ inch", "¾”", "3/4-inch", "3/4in", "3/4 Zoll"],
        &["1½ inch", "1-1/2 inch", "1 1/2\"", "1 1/2-inch"],
    ] {
        let quantity = |form: &str| terms(form).into_iter().filter(|term| term.len() > 2).collect();
        let all: Vec<Vec<String>> = forms.iter().map(|form| quantity(form)).collect();
        let common = all[0].iter().find(|term| all.iter().all(|other| other.contains(term)));
        assert!(common.is_some(), "{forms:?}: {all:?}");
    }
    assert!(!terms("2 in 1 stroller").contains(&"2in".to_owned()));
    assert!(!touches("10 cm", "100cm rule"));
    assert!(!finds("4 inch", "Socket with 3/4in drive"));
    for form in ["M8×40", "m8x40", "M8 ✕ 40"] {
        assert!(touches("m8x40 screw", form) || touches("M8 x 40", form), "{form}");
    }
    assert!(finds("M8×40", "Screw M8x40") && finds("m8x40", "Screw M8×40"));
}

#[test]
fn plurals_without_an_s_meet_their_singular() {
    for (one, many) in [
        ("knife", "knives"),
        ("bookshelf", "Bookshelves"),
        ("woman", "women's"),
        ("child", "children"),
        ("foot", "feet"),
        ("mouse", "mice"),
        ("scarf", "scarves"),
    ] {
        assert_eq!(terms(one), terms(many), "{one}");
    }
}
