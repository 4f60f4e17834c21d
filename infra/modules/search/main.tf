# An OpenSearch domain in the VPC.
data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

data "aws_secretsmanager_random_password" "first" {
  password_length            = 32
  require_each_included_type = true
  exclude_characters         = "\"'\\/@:"
}

locals {
  domain = "${var.name}-search"
  arn = join(":", [
    "arn", data.aws_partition.current.partition, "es", data.aws_region.current.region,
    data.aws_caller_identity.current.account_id, "domain/${local.domain}",
  ])
  has_zones = var.instance_count > 1
}

resource "aws_security_group" "this" {
  name        = local.domain
  description = "OpenSearch of ${var.name}"
  vpc_id      = var.vpc_id

  tags = { Name = local.domain }
}

resource "aws_vpc_security_group_ingress_rule" "client" {
  security_group_id            = aws_security_group.this.id
  description                  = "HTTPS of akin's programs"
  referenced_security_group_id = var.client_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_opensearch_domain" "this" {
  #checkov:skip=CKV_AWS_317:Audit logs are published below, by a dynamic block, which checkov does not expand.
  #checkov:skip=CKV_AWS_318:Three dedicated master nodes and three zones are variables, which examples/large sets.
  #checkov:skip=CKV2_AWS_59:As above: a domain of one node needs no master nodes.
  domain_name    = local.domain
  engine_version = var.engine_version

  cluster_config {
    instance_type            = var.instance_type
    instance_count           = var.instance_count
    zone_awareness_enabled   = local.has_zones
    dedicated_master_enabled = var.master_count > 0
    dedicated_master_type    = var.master_count > 0 ? var.master_type : null
    dedicated_master_count   = var.master_count > 0 ? var.master_count : null

    dynamic "zone_awareness_config" {
      for_each = local.has_zones ? [min(var.instance_count, length(var.subnet_ids), 3)] : []

      content {
        availability_zone_count = zone_awareness_config.value
      }
    }
  }

  ebs_options {
    ebs_enabled = true
    volume_type = "gp3"
    volume_size = var.storage_gib
  }

  vpc_options {
    subnet_ids         = slice(var.subnet_ids, 0, local.has_zones ? min(var.instance_count, length(var.subnet_ids), 3) : 1)
    security_group_ids = [aws_security_group.this.id]
  }

  encrypt_at_rest {
    enabled    = true
    kms_key_id = var.kms_key_arn
  }

  node_to_node_encryption {
    enabled = true
  }

  domain_endpoint_options {
    enforce_https       = true
    tls_security_policy = "Policy-Min-TLS-1-2-PFS-2023-10"
  }

  advanced_security_options {
    enabled                        = true
    internal_user_database_enabled = true

    master_user_options {
      master_user_name     = var.username
      master_user_password = data.aws_secretsmanager_random_password.first.random_password
    }
  }

  dynamic "log_publishing_options" {
    for_each = aws_cloudwatch_log_group.this

    content {
      log_type                 = log_publishing_options.key
      cloudwatch_log_group_arn = log_publishing_options.value.arn
    }
  }

  auto_tune_options {
    desired_state       = startswith(var.instance_type, "t") ? "DISABLED" : "ENABLED"
    rollback_on_disable = "NO_ROLLBACK"
  }

  software_update_options {
    auto_software_update_enabled = true
  }

  # The passwords of running deployments are changed in OpenSearch and in the secret, not here.
  lifecycle {
    ignore_changes = [advanced_security_options[0].master_user_options[0].master_user_password]
  }

  depends_on = [aws_cloudwatch_log_resource_policy.this]
}

# Requests carry a user and a password, no signature, so IAM sees them as anonymous. They reach the domain only from the
# security groups above, and fine-grained access control decides what the user may do.
resource "aws_opensearch_domain_policy" "this" {
  domain_name = aws_opensearch_domain.this.domain_name

  access_policies = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "*" }
      Action    = [for method in ["Delete", "Get", "Head", "Post", "Put"] : "es:ESHttp${method}"]
      Resource  = "${local.arn}/*"
    }]
  })
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = toset(["AUDIT_LOGS", "ES_APPLICATION_LOGS", "INDEX_SLOW_LOGS", "SEARCH_SLOW_LOGS"])

  name              = "/${var.name}/search/${lower(replace(each.value, "_", "-"))}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_cloudwatch_log_resource_policy" "this" {
  policy_name = local.domain

  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "es.amazonaws.com" }
      Action    = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:PutLogEventsBatch"]
      Resource  = [for group in aws_cloudwatch_log_group.this : "${group.arn}:*"]
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57:AWS has no rotation for users of OpenSearch; docs/aws.md tells how to replace the password.
  name        = "${var.name}_opensearch_credentials"
  description = "How akin reaches OpenSearch"
  kms_key_id  = var.kms_key_arn
}

resource "aws_secretsmanager_secret_version" "this" {
  secret_id                = aws_secretsmanager_secret.this.id
  secret_string_wo_version = 1

  secret_string_wo = jsonencode({
    endpoint = "https://${aws_opensearch_domain.this.endpoint}"
    username = var.username
    password = data.aws_secretsmanager_random_password.first.random_password
  })
}
