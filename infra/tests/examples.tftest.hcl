# Both examples as a whole. environment.json lists the variables that each program reads.
mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = {
      account_id = "123456789012"
    }
  }

  mock_resource "aws_apigatewayv2_stage" {
    defaults = {
      invoke_url = "https://abc.execute-api.eu-west-1.amazonaws.com/"
    }
  }

  mock_resource "aws_serverlessapplicationrepository_cloudformation_stack" {
    defaults = {
      outputs = { RotationLambdaARN = "arn:aws:lambda:eu-west-1:123456789012:function:rotation" }
    }
  }
}

variables {
  region              = "eu-west-1"
  account_id          = "123456789012"
  zones               = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
  akin_image          = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/akin/akin@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  akin_repository_arn = "arn:aws:ecr:eu-west-1:123456789012:repository/akin/akin"
}

run "every_setting_of_the_small_example_is_read" {
  module {
    source = "./examples/small"
  }

  variables {
    packages = "tests/packages"
  }

  assert {
    condition = [
      for program, settings in output.environments :
      "${program}: ${join(", ", setsubtract(keys(settings), jsondecode(file("tests/environment.json"))[program]))}"
      if length(setsubtract(keys(settings), jsondecode(file("tests/environment.json"))[program])) > 0
    ] == []
    error_message = "A variable is set that the program does not read: compare docs/settings.md."
  }

  assert {
    condition     = output.environments.ingest.AWS_SQS_SUBSCRIBED_QUEUE_URL == output.environments.query.AWS_SQS_SUBSCRIBED_QUEUE_URL
    error_message = "All programs know the same queue."
  }
}

run "every_setting_of_the_large_example_is_read" {
  module {
    source = "./examples/large"
  }

  variables {
    has_endpoint            = true
    endpoint_image          = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/akin/endpoint@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    endpoint_repository_arn = "arn:aws:ecr:eu-west-1:123456789012:repository/akin/endpoint"
    function_images = {
      ingest = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/akin/ingest-lambda@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
      embed  = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/akin/embed-lambda@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
      query  = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/akin/query-lambda@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    }
  }

  assert {
    condition = [
      for program, settings in output.environments :
      "${program}: ${join(", ", setsubtract(keys(settings), jsondecode(file("tests/environment.json"))[program]))}"
      if length(setsubtract(keys(settings), jsondecode(file("tests/environment.json"))[program])) > 0
    ] == []
    error_message = "A variable is set that the program does not read: compare docs/settings.md."
  }

  assert {
    condition = alltrue([
      for program in ["embed", "query", "serve", "akin"] :
      output.environments[program].AKIN_ENGINES == "opensearch+sagemaker,postgres+sagemaker"
    ])
    error_message = "All programs serve the same engines."
  }

  assert {
    condition     = !strcontains(output.policies.ingest, "sagemaker:") && strcontains(output.policies.query, "sagemaker:InvokeEndpoint")
    error_message = "Only what embeds invokes the endpoint."
  }
}
