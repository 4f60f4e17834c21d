use crate::{Description, OnnxError, TensorInfo};
use std::path::Path;

/// What goes into a model, and which of its answers is the embedding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    /// Each input of the model.
    pub(crate) inputs: Vec<ModelInput>,
    /// The name of the output.
    pub(crate) output: String,
}

/// What a model can be told of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ModelInput {
    /// The numbers of its tokens.
    Ids,
    /// 1 for a token, 0 for what fills a row up.
    Mask,
    /// Which of two texts a token is of: always the first.
    Types,
}

/// Names of embeddings, the best first. The last is BERT's own pooling, which no model of sentences
/// was trained for: better than nothing at all.
const OUTPUTS: [&str; 6] = [
    "output",
    "sentence_embedding",
    "last_hidden_state",
    "token_embeddings",
    "sentence_embeddings",
    "pooler_output",
];

impl ModelInput {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ids => "input_ids",
            Self::Mask => "attention_mask",
            Self::Types => "token_type_ids",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Ids, Self::Mask, Self::Types].into_iter().find(|input| input.name() == name)
    }
}

impl Signature {
    /// Tells the inputs and the output of a file by their names.
    pub(crate) fn of(path: &Path, description: &Description) -> Result<Self, OnnxError> {
        let Description { inputs, outputs, .. } = description;
        let refused = || OnnxError::Inputs { path: path.to_owned(), inputs: inputs.clone() };
        let known =
            inputs.iter().map(|input| ModelInput::named(&input.name).filter(|_| is_free(input)));
        let known: Vec<ModelInput> = known.collect::<Option<_>>().ok_or_else(refused)?;
        if ![ModelInput::Ids, ModelInput::Mask].iter().all(|input| known.contains(input)) {
            return Err(refused());
        }
        let named = |name: &&str| outputs.iter().any(|output| output.name == **name);
        let output = match (OUTPUTS.iter().find(|name| named(name)), &**outputs) {
            (Some(name), _) => (*name).to_owned(),
            (None, [only]) => only.name.clone(),
            _ => {
                let outputs = outputs.clone();
                return Err(OnnxError::Outputs { path: path.to_owned(), outputs });
            }
        };
        Ok(Self { inputs: known, output })
    }
}

/// Whether it takes any number of texts and tokens.
fn is_free(input: &TensorInfo) -> bool {
    matches!(&*input.shape, [] | [None, None])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(name: &str) -> TensorInfo {
        TensorInfo { name: name.to_owned(), shape: vec![None, None] }
    }

    fn signature(inputs: &[&str], outputs: &[&str]) -> Result<Signature, String> {
        let values = |names: &[&str]| names.iter().map(|name| value(name)).collect();
        let description = Description {
            inputs: values(inputs),
            outputs: values(outputs),
            ..Description::default()
        };
        Signature::of(Path::new("m.onnx"), &description).map_err(|error| error.to_string())
    }

    const TWO: [&str; 2] = ["input_ids", "attention_mask"];

    #[test]
    fn inputs_are_told_by_name_whatever_their_order() {
        let inputs = |names: &[&str]| signature(names, &["output"]).map(|is| is.inputs);
        assert_eq!(inputs(&TWO), Ok(vec![ModelInput::Ids, ModelInput::Mask]));
        let three = ["attention_mask", "token_type_ids", "input_ids"];
        assert_eq!(inputs(&three), Ok(vec![ModelInput::Mask, ModelInput::Types, ModelInput::Ids]));
    }

    #[test]
    fn an_output_is_told_by_name_or_by_being_the_only_one() {
        for (outputs, chosen) in [
            (&["output"][..], "output"),
            (&["token_embeddings", "sentence_embedding"], "sentence_embedding"),
            (&["pooler_output", "last_hidden_state"], "last_hidden_state"),
            (&["pooler_output", "hidden_states.0"], "pooler_output"),
            (&["1863"], "1863"),
        ] {
            assert_eq!(signature(&TWO, outputs).unwrap().output, chosen, "{outputs:?}");
        }
    }

    #[test]
    fn other_inputs_and_outputs_are_refused_with_their_names() {
        for inputs in [
            &["pixel_values"][..],
            &["input_ids"],
            &["attention_mask"],
            &["input_ids", "attention_mask", "position_ids"],
            &[],
        ] {
            let error = signature(inputs, &["output"]).unwrap_err();
            assert!(error.contains("ONNX_MODEL_PATH"), "{error}");
            assert!(inputs.iter().all(|name| error.contains(&format!("{name:?}"))), "{error}");
        }
        let error = signature(&TWO, &["logits", "past"]).unwrap_err();
        assert!(error.contains("\"logits\", \"past\""), "{error}");
    }

    #[test]
    fn a_model_of_a_fixed_number_of_tokens_is_refused_with_its_sizes() {
        let mut inputs = vec![value("input_ids"), value("attention_mask")];
        inputs[0].shape = vec![Some(1), Some(128)];
        let description =
            Description { inputs, outputs: vec![value("output")], ..Description::default() };
        let error = Signature::of(Path::new("m.onnx"), &description).unwrap_err().to_string();
        assert!(error.contains("\"input_ids\" (1 x 128)"), "{error}");
    }
}
