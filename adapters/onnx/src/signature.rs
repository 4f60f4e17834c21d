use crate::{Description, OnnxError, TensorInfo};
use std::path::Path;

/// The inputs of a model, and the output that is the embedding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    /// The inputs, in the order of the model.
    pub(crate) inputs: Vec<ModelInput>,
    /// The name of the output.
    pub(crate) output: String,
}

/// An input of an embedding model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ModelInput {
    /// The ids of the tokens.
    Ids,
    /// 1 for a token, 0 for padding.
    Mask,
    /// The segment of each token: always 0, the first.
    Types,
}

/// Names of outputs that are embeddings, in order of preference. The last is BERT's own pooling, a
/// fallback for which no sentence model was trained.
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

    fn from_name(name: &str) -> Option<Self> {
        [Self::Ids, Self::Mask, Self::Types].into_iter().find(|input| input.name() == name)
    }
}

impl Signature {
    /// Identifies the inputs and the output of a model by name.
    pub(crate) fn identify(path: &Path, description: &Description) -> Result<Self, OnnxError> {
        let Description { inputs, outputs, .. } = description;
        let rejected = || OnnxError::Inputs { path: path.to_owned(), inputs: inputs.clone() };
        let known = inputs
            .iter()
            .map(|input| ModelInput::from_name(&input.name).filter(|_| is_dynamic(input)));
        let known: Vec<ModelInput> = known.collect::<Option<_>>().ok_or_else(rejected)?;
        if ![ModelInput::Ids, ModelInput::Mask].iter().all(|input| known.contains(input)) {
            return Err(rejected());
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

/// Returns whether an input accepts any number of texts and tokens.
fn is_dynamic(input: &TensorInfo) -> bool {
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
        Signature::identify(Path::new("m.onnx"), &description).map_err(|error| error.to_string())
    }

    const TWO: [&str; 2] = ["input_ids", "attention_mask"];

    #[test]
    fn inputs_are_identified_by_name_in_any_order() {
        let inputs = |names: &[&str]| signature(names, &["output"]).map(|is| is.inputs);
        assert_eq!(inputs(&TWO), Ok(vec![ModelInput::Ids, ModelInput::Mask]));
        let three = ["attention_mask", "token_type_ids", "input_ids"];
        assert_eq!(inputs(&three), Ok(vec![ModelInput::Mask, ModelInput::Types, ModelInput::Ids]));
    }

    #[test]
    fn the_output_is_identified_by_name_or_is_the_only_one() {
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
    fn other_inputs_and_outputs_are_rejected_by_name() {
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
    fn a_model_with_a_fixed_number_of_tokens_is_rejected_with_its_sizes() {
        let mut inputs = vec![value("input_ids"), value("attention_mask")];
        inputs[0].shape = vec![Some(1), Some(128)];
        let description =
            Description { inputs, outputs: vec![value("output")], ..Description::default() };
        let error = Signature::identify(Path::new("m.onnx"), &description).unwrap_err().to_string();
        assert!(error.contains("\"input_ids\" (1 x 128)"), "{error}");
    }
}
