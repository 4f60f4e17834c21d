mock_provider "aws" {}

variables {
  name        = "akin-test"
  zones       = ["eu-west-1a", "eu-west-1b"]
  kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/1"
}

run "nothing_accepts_connections_from_outside" {
  module {
    source = "./modules/network"
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.endpoints.referenced_security_group_id == aws_security_group.client.id
    error_message = "Only akin's programs reach the endpoints."
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.public : subnet.map_public_ip_on_launch != true])
    error_message = "Nothing gets a public address by accident."
  }

  assert {
    condition     = length(aws_default_security_group.this.ingress) == 0 && length(aws_default_security_group.this.egress) == 0
    error_message = "The default security group has no rules."
  }
}

run "endpoints_need_no_way_to_the_internet" {
  module {
    source = "./modules/network"
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 0 && length(aws_route.nat) == 0
    error_message = "With endpoints there is no NAT gateway."
  }

  assert {
    condition     = toset(keys(aws_vpc_endpoint.interface)) == toset(["secretsmanager", "sqs"])
    error_message = "There is an endpoint for each service that a function calls."
  }

  assert {
    condition     = alltrue([for endpoint in aws_vpc_endpoint.interface : length(endpoint.subnet_ids) == 1])
    error_message = "Endpoints are in as many zones as the variable says."
  }
}

run "a_nat_gateway_replaces_the_endpoints" {
  module {
    source = "./modules/network"
  }

  variables {
    egress = "nat"
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(aws_vpc_endpoint.interface) == 0
    error_message = "With NAT there are no interface endpoints."
  }
}

run "subnets_do_not_overlap" {
  module {
    source = "./modules/network"
  }

  assert {
    condition = length(distinct(concat(
      [for subnet in aws_subnet.private : subnet.cidr_block],
      [for subnet in aws_subnet.public : subnet.cidr_block],
    ))) == 4
    error_message = "Each zone has a private and a public subnet of its own range."
  }
}

run "one_zone_and_a_public_range_are_refused" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    zones = ["eu-west-1a"]
    cidr  = "8.8.0.0/16"
  }

  expect_failures = [var.zones, var.cidr]
}
