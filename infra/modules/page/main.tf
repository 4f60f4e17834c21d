# The page in a private bucket, delivered by CloudFront. `akin serve` can also serve its page itself: this is for pages
# of a shop's own, and for those that should be near its customers.
locals {
  bucket = "${var.name}-page-${var.account_id}"
  origin = "page"
}

resource "aws_s3_bucket" "page" {
  #checkov:skip=CKV_AWS_18:CloudFront's requests are counted there; the bucket has no other reader.
  #checkov:skip=CKV_AWS_144:The page is built from its source.
  #checkov:skip=CKV_AWS_145:What everybody may read needs no key of its own: S3 encrypts it with its own.
  #checkov:skip=CKV2_AWS_62:Nothing is to be done when a file of the page changes.
  bucket = local.bucket
}

resource "aws_s3_bucket_public_access_block" "page" {
  bucket = aws_s3_bucket.page.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "page" {
  bucket = aws_s3_bucket.page.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "page" {
  bucket = aws_s3_bucket.page.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "page" {
  bucket = aws_s3_bucket.page.id

  rule {
    id     = "earlier-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 90
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.page]
}

resource "aws_s3_bucket_policy" "page" {
  bucket = aws_s3_bucket.page.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "ReadByCloudFront"
        Effect    = "Allow"
        Principal = { Service = "cloudfront.amazonaws.com" }
        Action    = "s3:GetObject"
        Resource  = "${aws_s3_bucket.page.arn}/*"
        Condition = { StringEquals = { "AWS:SourceArn" = aws_cloudfront_distribution.this.arn } }
      },
      {
        Sid       = "DenyWithoutTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.page.arn, "${aws_s3_bucket.page.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  depends_on = [aws_s3_bucket_public_access_block.page]
}

resource "aws_cloudfront_origin_access_control" "this" {
  name                              = local.bucket
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

# The page is asked for each time, so that a deployment is seen at once. Its other files have names that change with
# their content.
resource "aws_cloudfront_cache_policy" "this" {
  for_each = {
    page   = { default = 0, max = 0 }
    assets = { default = 600, max = 86400 }
  }

  name        = "${var.name}-${each.key}"
  min_ttl     = 0
  default_ttl = each.value.default
  max_ttl     = each.value.max

  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_brotli = each.value.max > 0
    enable_accept_encoding_gzip   = each.value.max > 0

    cookies_config {
      cookie_behavior = "none"
    }

    headers_config {
      header_behavior = "none"
    }

    query_strings_config {
      query_string_behavior = "none"
    }
  }
}

resource "aws_cloudfront_response_headers_policy" "this" {
  name = "${var.name}-page"

  security_headers_config {
    content_security_policy {
      override = true
      content_security_policy = join("; ", [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "font-src 'self'", "img-src 'self' https: data:",
        "connect-src ${join(" ", concat(["'self'"], var.api_origins))}", "base-uri 'none'", "form-action 'self'",
        "frame-ancestors 'none'",
      ])
    }

    content_type_options {
      override = true
    }

    frame_options {
      frame_option = "DENY"
      override     = true
    }

    referrer_policy {
      referrer_policy = "same-origin"
      override        = true
    }

    strict_transport_security {
      access_control_max_age_sec = 31536000
      include_subdomains         = true
      preload                    = true
      override                   = true
    }
  }
}

resource "aws_cloudfront_distribution" "this" {
  #checkov:skip=CKV_AWS_68:A firewall costs by the rule and by the request; `web_acl_arn` adds one.
  #checkov:skip=CKV_AWS_86:CloudFront counts requests in its metrics; addresses of shoppers are not kept.
  #checkov:skip=CKV_AWS_174:TLS 1.2 is the minimum where there is a certificate; CloudFront's own name has its own minimum.
  #checkov:skip=CKV_AWS_310:The bucket is the only origin: S3 keeps its files in three zones.
  #checkov:skip=CKV_AWS_374:A shop delivers where it wants to.
  #checkov:skip=CKV2_AWS_42:A certificate needs a domain of the shop; `certificate_arn` adds it.
  #checkov:skip=CKV2_AWS_47:See CKV_AWS_68.
  enabled             = true
  comment             = "The page of ${var.name}"
  default_root_object = "index.html"
  is_ipv6_enabled     = true
  http_version        = "http2and3"
  price_class         = var.price_class
  aliases             = var.host_names
  web_acl_id          = var.web_acl_arn

  origin {
    origin_id                = local.origin
    domain_name              = aws_s3_bucket.page.bucket_regional_domain_name
    origin_access_control_id = aws_cloudfront_origin_access_control.this.id
  }

  default_cache_behavior {
    target_origin_id           = local.origin
    viewer_protocol_policy     = "redirect-to-https"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    compress                   = true
    cache_policy_id            = aws_cloudfront_cache_policy.this["page"].id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.this.id
  }

  ordered_cache_behavior {
    path_pattern               = "/assets/*"
    target_origin_id           = local.origin
    viewer_protocol_policy     = "redirect-to-https"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    compress                   = true
    cache_policy_id            = aws_cloudfront_cache_policy.this["assets"].id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.this.id
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn            = var.certificate_arn
    cloudfront_default_certificate = var.certificate_arn == null
    minimum_protocol_version       = var.certificate_arn == null ? "TLSv1" : "TLSv1.2_2021"
    ssl_support_method             = var.certificate_arn == null ? null : "sni-only"
  }
}
