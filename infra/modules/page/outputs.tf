output "bucket" {
  description = "The bucket of the page."
  value       = aws_s3_bucket.page.id
}

output "distribution_id" {
  description = "The distribution, whose cache a deployment invalidates."
  value       = aws_cloudfront_distribution.this.id
}

output "url" {
  description = "The address of the page."
  value       = "https://${length(var.host_names) > 0 ? var.host_names[0] : aws_cloudfront_distribution.this.domain_name}"
}
