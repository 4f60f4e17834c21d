use super::*;

#[test]
fn a_complete_file_is_read() {
    let text = r#"{
        "version": 1,
        "synonyms": [["sofa", "couch", "settee"], {"from": ["phone"], "to": ["smart phone"]}],
        "curation": [
            {"query": "tripod", "pin": ["PH-1", {"id": "PH-9", "position": 5}], "hide": ["PH-2"]},
            {"words": "phone", "boost": [{"brand": ["Lumo"], "factor": 1.5}]},
            {"always": true, "hide": ["X"]}
        ],
        "boosts": {"rating": 0.2}
    }"#;
    let rules = parse(text).unwrap();
    assert_eq!((rules.synonyms.len(), rules.curation.len()), (4, 3));
    let positions = rules.curation[0].pins.iter().map(|pin| pin.position);
    assert_eq!(positions.collect::<Vec<_>>(), [1, 5]);
    assert_eq!(rules.curation[0].occasion, Occasion::Query("tripod".into()));
    assert!((rules.curation[1].boosts[0].factor - 1.5).abs() < f32::EPSILON);
    assert!((rules.boosts.rating - 0.2).abs() < f32::EPSILON);
    assert_eq!(parse(r#"{"version": 1}"#).unwrap(), RelevanceRules::default());
}

#[test]
fn everything_that_is_wrong_is_named_at_once_with_its_place() {
    let text = r#"{
        "version": 2, "synonym": [],
        "synonyms": [["sofa"], {"from": [], "to": ["  "]}, 7],
        "curation": [
            {"query": "a", "always": true},
            {"words": "b", "pin": [{"id": "x", "position": 0}, 5], "hide": "x"},
            {"always": false, "boost": [{"factor": 0}, {"brand": ["Lumo"]}]}
        ],
        "boosts": {"rating": -1}
    }"#;
    let problems = parse(text).unwrap_err().join("\n");
    for expected in [
        "file: has no field \"synonym\"; the fields are version, synonyms, curation, boosts",
        "version: must be 1",
        "synonyms[0]: must list at least two",
        "synonyms[1].from: must list at least one",
        "synonyms[1].to[0]: must be a text",
        "synonyms[2]: must be an object with from, to",
        "curation[0]: must have one of query, words and always",
        "curation[1].pin[0].position: must be a whole number from 1 to 100",
        "curation[1].pin[1]: must be an object with id, position",
        "curation[1].hide: must be a list",
        "curation[2].always: must be true",
        "curation[2].boost[0]: must name a main_category",
        "curation[2].boost[0].factor: must be a number from 0.01 to 100",
        "curation[2].boost[1].factor: is missing",
        "boosts.rating: must be a number from 0 to 10",
    ] {
        assert!(problems.contains(expected), "{expected} is not in:\n{problems}");
    }
}

#[test]
fn a_rule_does_not_contradict_itself() {
    let text = r#"{"version": 1, "curation": [
        {"query": "a", "pin": ["x", "y", "x"], "hide": ["y"]},
        {"query": "b", "pin": ["x", {"id": "z", "position": 1}]},
        {"query": "c", "pin": ["x"], "hide": ["z"]}
    ]}"#;
    let expected = [
        r#"curation[0]: both pins and hides the product "y""#,
        r#"curation[0]: pins the product "x" twice"#,
        "curation[1]: pins two products at position 1",
    ];
    assert_eq!(parse(text).unwrap_err(), expected);
}

#[test]
fn a_byte_order_mark_is_read_over() {
    assert!(parse("\u{feff}{\"version\": 1}").is_ok());
}

#[test]
fn no_text_panics_and_the_number_of_problems_is_limited() {
    for text in ["", "{", "[]", "7", "{\"version\": 1,\n \"synonyms\": [}"] {
        assert!(parse(text).is_err(), "{text}");
    }
    assert!(parse("{\n\n oops").unwrap_err()[0].contains("line 3"));
    let many = format!(r#"{{"version": 1, "curation": [{}0]}}"#, "0,".repeat(20_000));
    assert_eq!(parse(&many).unwrap_err().len(), MAX_PROBLEMS + 1);
}
