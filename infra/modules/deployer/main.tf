# The roles that a workflow of a forge takes on, without keys: one that may look, for plans, and one that may change, for
# runs that a person has approved.
data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  host      = trimprefix(var.issuer, "https://")

  # Whom the forge speaks for, by the subject of its tokens.
  subjects = {
    plan   = "repo:${var.repository}:environment:${var.plan_environment}"
    deploy = "repo:${var.repository}:environment:${var.deploy_environment}"
  }
}

resource "aws_iam_openid_connect_provider" "forge" {
  url            = var.issuer
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "this" {
  for_each = local.subjects

  name                 = "${var.name}-${each.key}"
  description          = "Taken on by the environment of ${each.value}"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = aws_iam_openid_connect_provider.forge.arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = {
          "${local.host}:aud" = "sts.amazonaws.com"
          "${local.host}:sub" = each.value
        }
      }
    }]
  })
}

# Terraform reads every resource that it manages, and so may read what an administrator may look at, but no secret besides
# akin's own.
resource "aws_iam_role_policy_attachment" "plan" {
  role       = aws_iam_role.this["plan"].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/ReadOnlyAccess"
}

resource "aws_iam_role_policy" "plan" {
  name = "secrets-of-akin"
  role = aws_iam_role.this["plan"].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "SecretsOfAkin"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = "arn:${local.partition}:secretsmanager:*:${local.account}:secret:${var.name}_*"
      },
      {
        # A random password has no ARN.
        Sid      = "RandomPassword"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetRandomPassword"]
        Resource = "*"
      },
    ]
  })
}

# Creates what akin consists of: everything but users, groups and the account itself. Who can create roles can give them
# any right, so this role is as strong as an administrator, and only an approved run gets it.
resource "aws_iam_role_policy_attachment" "deploy" {
  role       = aws_iam_role.this["deploy"].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/PowerUserAccess"
}

resource "aws_iam_role_policy" "deploy" {
  name = "roles-of-akin"
  role = aws_iam_role.this["deploy"].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "RolesOfAkin"
        Effect = "Allow"
        Action = [
          "iam:AttachRolePolicy", "iam:CreateRole", "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy",
          "iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole",
          "iam:ListRolePolicies", "iam:ListRoleTags", "iam:PassRole", "iam:PutRolePolicy", "iam:TagRole",
          "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole",
        ]
        # The second are those of AWS's rotation function, which the Serverless Application Repository creates.
        Resource = [
          "arn:${local.partition}:iam::${local.account}:role/${var.name}-*",
          "arn:${local.partition}:iam::${local.account}:role/serverlessrepo-${var.name}-*",
        ]
      },
      {
        Sid      = "NeverItself"
        Effect   = "Deny"
        Action   = ["iam:AttachRolePolicy", "iam:DeleteRole*", "iam:DetachRolePolicy", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"]
        Resource = [for role in aws_iam_role.this : role.arn]
      },
    ]
  })
}

resource "aws_iam_role_policy" "state" {
  for_each = {
    plan   = ["s3:GetObject"]
    deploy = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
  }

  name = "state"
  role = aws_iam_role.this[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "State"
        Effect   = "Allow"
        Action   = each.value
        Resource = "${var.state_bucket_arn}/${var.name}/*"
      },
      {
        Sid      = "FindState"
        Effect   = "Allow"
        Action   = ["s3:ListBucket"]
        Resource = var.state_bucket_arn
      },
      {
        Sid      = "Decrypt"
        Effect   = "Allow"
        Action   = each.key == "plan" ? ["kms:Decrypt"] : ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = var.kms_key_arn
      },
    ]
  })
}
