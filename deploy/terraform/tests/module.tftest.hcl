variables {
  database_url   = "postgresql://sagewai:secret@postgres:5432/sagewai"
  encryption_key = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  worker_pools = {
    cpu = {
      replicas  = 3
      models    = ["gpt-4o", "claude-sonnet-4"]
      resources = { memory = "2Gi", cpu = "2" }
    }
    gpu = {
      replicas      = 0
      models        = ["ollama/llama3.1:70b"]
      node_selector = { "nvidia.com/gpu" = "true" }
      resources     = { memory = "8Gi", gpu = 1 }
    }
  }
}

run "a_pool_without_replicas_and_with_a_gpu_is_a_daemon_set" {
  command = plan

  assert {
    condition     = jsonencode(output.worker_kinds) == jsonencode({ cpu = "Deployment", gpu = "DaemonSet" })
    error_message = "cpu is a Deployment, gpu a DaemonSet"
  }
  assert {
    condition     = kubernetes_manifest.object["DaemonSet/gpu"].manifest.spec.template.spec.nodeSelector["nvidia.com/gpu"] == "true"
    error_message = "it stands on GPU nodes"
  }
  assert {
    condition     = kubernetes_manifest.object["DaemonSet/gpu"].manifest.spec.template.spec.containers[0].resources.limits["nvidia.com/gpu"] == "1"
    error_message = "it has a GPU"
  }
  assert {
    condition     = kubernetes_manifest.object["Deployment/cpu"].manifest.spec.replicas == 3
    error_message = "three CPU workers"
  }
  assert {
    condition     = kubernetes_manifest.object["Deployment/server"].manifest.metadata.name == "sagewai-server"
    error_message = "the server is called as the documentation has it"
  }
  assert {
    condition     = kubernetes_manifest.object["Deployment/server"].manifest.spec.template.spec.containers[0].lifecycle.preStop.exec.command[0] == "/usr/bin/node"
    error_message = "calls that still come are answered"
  }
}

run "the_secret_is_made_once" {
  command = apply

  assert {
    condition     = length(nonsensitive(local.server_secret.JWT_SECRET)) == 64
    error_message = "a JWT secret is made"
  }
}

run "and_stays" {
  command = apply

  assert {
    condition     = nonsensitive(local.server_secret.JWT_SECRET) == nonsensitive(run.the_secret_is_made_once.jwt_secret)
    error_message = "another apply makes no other secret"
  }
}

run "a_pool_that_scales_sets_no_replicas" {
  command = plan

  variables {
    worker_pools = {
      cpu = { replicas = 3, models = ["gpt-4o"], resources = { memory = "2Gi" }, min_replicas = 2, max_replicas = 20 }
    }
  }

  assert {
    condition     = !can(kubernetes_manifest.object["Deployment/cpu"].manifest.spec.replicas)
    error_message = "the autoscaler decides"
  }
  assert {
    condition     = kubernetes_manifest.object["HorizontalPodAutoscaler/cpu"].manifest.spec.metrics[0].external.metric.selector.matchLabels.pool == "cpu"
    error_message = "it follows what waits for its own pool"
  }
}

run "a_database_that_is_no_postgresql" {
  command = plan
  variables { database_url = "mysql://somewhere" }
  expect_failures = [var.database_url]
}

run "a_short_encryption_key" {
  command = plan
  variables { encryption_key = "short" }
  expect_failures = [var.encryption_key]
}

run "no_server" {
  command = plan
  variables { server_replicas = 0 }
  expect_failures = [var.server_replicas]
}

run "a_pool_with_a_bad_name" {
  command = plan
  variables {
    worker_pools = { CPU_1 = { replicas = 1, models = [], resources = { memory = "2Gi" } } }
  }
  expect_failures = [var.worker_pools]
}

run "a_pool_with_half_a_number" {
  command = plan
  variables {
    worker_pools = { cpu = { replicas = 1.5, models = [], resources = { memory = "2Gi" } } }
  }
  expect_failures = [var.worker_pools]
}

run "a_pool_that_scales_to_nothing" {
  command = plan
  variables {
    worker_pools = { cpu = { replicas = 1, models = [], resources = { memory = "2Gi" }, min_replicas = 0, max_replicas = 4 } }
  }
  expect_failures = [var.worker_pools]
}
