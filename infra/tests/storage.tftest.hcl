mock_provider "aws" {
  mock_data "aws_secretsmanager_random_password" {
    defaults = {
      random_password = "first"
    }
  }

  mock_resource "aws_serverlessapplicationrepository_cloudformation_stack" {
    defaults = {
      outputs = { RotationLambdaARN = "arn:aws:lambda:eu-west-1:123456789012:function:rotation" }
    }
  }
}

variables {
  name                     = "akin-test"
  account_id               = "123456789012"
  region                   = "eu-west-1"
  vpc_id                   = "vpc-1"
  subnet_ids               = ["subnet-1", "subnet-2", "subnet-3"]
  client_security_group_id = "sg-client"
  kms_key_arn              = "arn:aws:kms:eu-west-1:123456789012:key/1"
}

run "the_database_is_private_encrypted_and_backed_up" {
  module {
    source = "./modules/database"
  }

  assert {
    condition     = !aws_db_instance.this.publicly_accessible && aws_db_instance.this.storage_encrypted && aws_db_instance.this.kms_key_id == var.kms_key_arn
    error_message = "The database is private and encrypted."
  }

  assert {
    condition     = anytrue([for parameter in aws_db_parameter_group.this.parameter : parameter.name == "rds.force_ssl" && parameter.value == "1"])
    error_message = "Every connection uses TLS."
  }

  assert {
    condition     = aws_db_instance.this.backup_retention_period == 7 && aws_db_instance.this.deletion_protection && !aws_db_instance.this.skip_final_snapshot
    error_message = "Backups are kept, and the database is not deleted by accident."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.client.referenced_security_group_id == "sg-client"
    error_message = "Only akin's programs connect."
  }

  assert {
    condition     = aws_secretsmanager_secret_rotation.this.rotation_rules[0].automatically_after_days == 30 && aws_secretsmanager_secret_rotation.this.rotate_immediately
    error_message = "The password is rotated, the first one at once."
  }

  assert {
    condition     = output.environment.POSTGRES_SSLMODE == "verify-full" && !strcontains(jsonencode(output.environment), "first")
    error_message = "Programs verify the certificate, and no password is in their settings."
  }

  assert {
    condition     = [for text in output.statements : jsondecode(text).Resource] == [aws_secretsmanager_secret.this.arn]
    error_message = "Programs read this secret alone."
  }
}

run "searches_read_from_a_replica" {
  module {
    source = "./modules/database"
  }

  variables {
    has_replica = true
    multi_az    = true
  }

  assert {
    condition     = length(aws_db_instance.replica) == 1 && !aws_db_instance.replica[0].publicly_accessible && aws_db_instance.this.multi_az
    error_message = "There is a private replica beside a standby."
  }

  assert {
    condition     = local.reader == aws_db_instance.replica[0].address
    error_message = "The secret names the replica as readerHost."
  }
}

run "a_disk_without_room_to_grow_is_refused" {
  command = plan

  module {
    source = "./modules/database"
  }

  variables {
    max_storage_gib = 20
  }

  expect_failures = [var.max_storage_gib]
}

run "the_search_domain_is_private_and_encrypted" {
  module {
    source = "./modules/search"
  }

  variables {
    instance_count = 3
    master_count   = 3
  }

  assert {
    condition     = aws_opensearch_domain.this.domain_endpoint_options[0].enforce_https && aws_opensearch_domain.this.domain_endpoint_options[0].tls_security_policy == "Policy-Min-TLS-1-2-PFS-2023-10"
    error_message = "Connections use TLS 1.2 or later."
  }

  assert {
    condition     = aws_opensearch_domain.this.encrypt_at_rest[0].enabled && aws_opensearch_domain.this.node_to_node_encryption[0].enabled
    error_message = "Data is encrypted at rest and between nodes."
  }

  assert {
    condition     = aws_opensearch_domain.this.advanced_security_options[0].enabled && aws_opensearch_domain.this.advanced_security_options[0].internal_user_database_enabled
    error_message = "Fine-grained access control decides who may do what."
  }

  assert {
    condition     = aws_opensearch_domain.this.cluster_config[0].zone_awareness_enabled && aws_opensearch_domain.this.cluster_config[0].zone_awareness_config[0].availability_zone_count == 3
    error_message = "The nodes are spread over three zones."
  }

  assert {
    condition     = length(aws_opensearch_domain.this.vpc_options[0].subnet_ids) == 3
    error_message = "The domain is in the private subnets."
  }

  assert {
    condition     = !contains(jsondecode(aws_opensearch_domain_policy.this.access_policies).Statement[0].Action, "es:*")
    error_message = "The policy names the methods."
  }
}

run "an_opensearch_that_akin_is_not_tested_with_is_refused" {
  command = plan

  module {
    source = "./modules/search"
  }

  variables {
    engine_version = "OpenSearch_2.9"
  }

  expect_failures = [var.engine_version]
}

run "the_state_is_private_and_keeps_its_versions" {
  # Nothing is created, because the state refuses to be destroyed.
  command = plan

  module {
    source = "./modules/state"
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls, aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls, aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "The state is private."
  }

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "Earlier states are kept."
  }
}

run "images_are_scanned_and_their_tags_never_move" {
  module {
    source = "./modules/registry"
  }

  assert {
    condition     = alltrue([for repository in aws_ecr_repository.this : repository.image_tag_mutability == "IMMUTABLE" && repository.image_scanning_configuration[0].scan_on_push])
    error_message = "Tags are immutable, and images scanned."
  }

  assert {
    condition     = toset(keys(aws_ecr_repository_policy.functions)) == toset(["query-lambda", "embed-lambda", "ingest-lambda"])
    error_message = "AWS Lambda pulls the images of functions alone."
  }
}
