# Applied once, by a person, with the state on that person's disk; docs/aws.md tells how it then moves into the bucket.
provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = { application = var.name, managed-by = "terraform", part = "bootstrap" }
  }
}

module "key" {
  source = "../modules/key"

  name = "${var.name}-boot"
}

module "state" {
  source = "../modules/state"

  name        = var.name
  account_id  = var.account_id
  kms_key_arn = module.key.arn
}

module "registry" {
  source = "../modules/registry"

  name        = var.name
  region      = var.region
  account_id  = var.account_id
  kms_key_arn = module.key.arn
}

module "deployer" {
  source = "../modules/deployer"

  name             = var.name
  repository       = var.repository
  state_bucket_arn = module.state.arn
  kms_key_arn      = module.key.arn
}
