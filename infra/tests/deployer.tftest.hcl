mock_provider "aws" {}

variables {
  name             = "akin-test"
  repository       = "shop/search"
  state_bucket_arn = "arn:aws:s3:::akin-test-state"
  kms_key_arn      = "arn:aws:kms:eu-west-1:123456789012:key/1"
}

run "only_an_approved_environment_of_the_repository_deploys" {
  module {
    source = "./modules/deployer"
  }

  assert {
    condition     = jsondecode(aws_iam_role.this["deploy"].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == "repo:shop/search:environment:production"
    error_message = "The subject of the token is one environment of one repository."
  }

  assert {
    condition     = jsondecode(aws_iam_role.this["plan"].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == "repo:shop/search:environment:plan"
    error_message = "Plans have an environment of their own."
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.state["plan"].policy).Statement[0].Action == ["s3:GetObject"]
    error_message = "A plan only reads the state."
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_role_policy.deploy.policy).Statement : alltrue([for resource in statement.Resource : resource != "*"])])
    error_message = "The role of deployments manages the roles of akin and no others."
  }

  assert {
    condition     = anytrue([for statement in jsondecode(aws_iam_role_policy.deploy.policy).Statement : statement.Effect == "Deny" && contains(statement.Action, "iam:PutRolePolicy")])
    error_message = "The role of deployments does not change itself."
  }
}

run "several_repositories_are_refused" {
  command = plan

  module {
    source = "./modules/deployer"
  }

  variables {
    repository = "shop/*"
  }

  expect_failures = [var.repository]
}
