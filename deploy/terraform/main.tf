# Made once, and kept in the state: two random UUIDs are 244 random bits.
resource "terraform_data" "jwt_secret" {
  count = var.jwt_secret == null ? 1 : 0
  input = sha256("${uuid()}${uuid()}")

  lifecycle {
    ignore_changes = [input]
  }
}

locals {
  server = "${var.name}-server"
  labels = { "app.kubernetes.io/name" = "sagewai", "app.kubernetes.io/instance" = var.name }

  server_secret = merge(
    {
      DATABASE_URL           = var.database_url
      SAGEWAI_ENCRYPTION_KEY = var.encryption_key
      JWT_SECRET             = var.jwt_secret == null ? one(terraform_data.jwt_secret[*].output) : var.jwt_secret
    },
    var.redis_url == null ? {} : { REDIS_URL = var.redis_url },
    var.admin_token == null ? {} : { SAGEWAI_ADMIN_TOKEN = var.admin_token },
  )

  worker_secrets = concat(
    var.enrollment_key == null ? [] : ["${var.name}-enrollment"],
    var.worker_secret == null ? [] : [var.worker_secret],
  )

  # A pool without replicas that asks for a GPU is one worker a GPU node.
  daemon_sets = { for name, pool in var.worker_pools : name => pool if pool.replicas == 0 && try(pool.resources.gpu, null) != null }
  deployments = { for name, pool in var.worker_pools : name => pool if !contains(keys(local.daemon_sets), name) }

  pod_security = {
    automountServiceAccountToken = false
    securityContext = {
      runAsNonRoot   = true
      runAsUser      = 10001
      runAsGroup     = 10001
      fsGroup        = 10001
      seccompProfile = { type = "RuntimeDefault" }
    }
    volumes = [{ name = "home", emptyDir = { sizeLimit = "1Gi" } }, { name = "tmp", emptyDir = { sizeLimit = "1Gi" } }]
  }
  container_security = {
    securityContext = {
      allowPrivilegeEscalation = false
      privileged               = false
      readOnlyRootFilesystem   = true
      capabilities             = { drop = ["ALL"] }
    }
    volumeMounts = [{ name = "home", mountPath = "/var/lib/sagewai" }, { name = "tmp", mountPath = "/tmp" }]
  }

  worker_pods = { for name, pool in var.worker_pools : name => {
    metadata = { labels = merge(local.labels, { app = "sagewai-worker", pool = name, "sagewai.io/component" = "worker" }) }
    spec = merge(local.pod_security, {
      terminationGracePeriodSeconds = 630
      nodeSelector                  = pool.node_selector
      tolerations                   = try(pool.resources.gpu, null) == null ? [] : [{ key = "nvidia.com/gpu", operator = "Exists", effect = "NoSchedule" }]
      containers = [merge(local.container_security, {
        name  = "worker"
        image = var.worker_image
        env = concat(
          [{ name = "WORKER_NAME", valueFrom = { fieldRef = { fieldPath = "metadata.name" } } }],
          [for key, value in merge({
            FLEET_GATEWAY_URL     = "http://${local.server}:8000"
            WORKER_POOL           = name
            WORKER_MODELS         = join(",", pool.models)
            WORKER_LABELS         = join(",", [for label, text in pool.labels : "${label}=${text}"])
            WORKER_MAX_CONCURRENT = tostring(pool.max_concurrent)
            DRAIN_TIMEOUT         = "600s"
            LEAVE_ON_STOP         = "true"
            SAGEWAI_HOME          = "/var/lib/sagewai"
          }, pool.env) : { name = key, value = value } if value != ""],
        )
        envFrom = [for secret in local.worker_secrets : { secretRef = { name = secret } }]
        resources = {
          limits = merge(
            { memory = pool.resources.memory, cpu = coalesce(pool.resources.cpu, "2") },
            try(pool.resources.gpu, null) == null ? {} : { "nvidia.com/gpu" = tostring(pool.resources.gpu) },
          )
        }
      })]
    })
  } }

  objects = merge(
    {
      "Secret/server" = {
        apiVersion = "v1"
        kind       = "Secret"
        metadata   = { name = "${var.name}-secrets", namespace = var.namespace, labels = local.labels }
        type       = "Opaque"
        stringData = local.server_secret
      }
      "Service/server" = {
        apiVersion = "v1"
        kind       = "Service"
        metadata   = { name = local.server, namespace = var.namespace, labels = local.labels }
        spec       = { selector = { app = local.server }, ports = [{ name = "http", port = 8000, targetPort = 8000 }] }
      }
      "PodDisruptionBudget/server" = {
        apiVersion = "policy/v1"
        kind       = "PodDisruptionBudget"
        metadata   = { name = local.server, namespace = var.namespace, labels = local.labels }
        spec       = { minAvailable = var.server_replicas > 1 ? 1 : 0, selector = { matchLabels = { app = local.server } } }
      }
      "Deployment/server" = {
        apiVersion = "apps/v1"
        kind       = "Deployment"
        metadata   = { name = local.server, namespace = var.namespace, labels = local.labels }
        spec = {
          replicas = var.server_replicas
          strategy = { type = "RollingUpdate", rollingUpdate = { maxUnavailable = 0, maxSurge = 1 } }
          selector = { matchLabels = { app = local.server } }
          template = {
            metadata = {
              labels      = merge(local.labels, { app = local.server, "sagewai.io/component" = "server" })
              annotations = { "sagewai.io/settings" = sha256(jsonencode(local.server_secret)) }
            }
            spec = merge(local.pod_security, {
              terminationGracePeriodSeconds = 45
              containers = [merge(local.container_security, {
                name  = "server"
                image = var.server_image
                ports = [{ name = "http", containerPort = 8000 }]
                env = [for key, value in merge({
                  HOST         = "0.0.0.0"
                  SAGEWAI_HOME = "/var/lib/sagewai"
                  # Without a store that all replicas share nothing is kept outside of the database.
                  OBJECT_THRESHOLD_BYTES = contains(keys(var.server_env), "OBJECT_STORE_URL") ? "" : "67108864"
                }, var.server_env) : { name = key, value = value } if value != ""]
                envFrom        = [{ secretRef = { name = "${var.name}-secrets" } }]
                resources      = { requests = { cpu = "500m", memory = "1Gi" }, limits = { cpu = "2", memory = "2Gi" } }
                startupProbe   = { httpGet = { path = "/api/v1/health", port = 8000 }, periodSeconds = 5, failureThreshold = 60 }
                livenessProbe  = { httpGet = { path = "/api/v1/health", port = 8000 }, periodSeconds = 10, timeoutSeconds = 5, failureThreshold = 6 }
                readinessProbe = { httpGet = { path = "/readyz", port = 8000 }, periodSeconds = 5, timeoutSeconds = 3, failureThreshold = 2 }
                # Endpoints hear of the end a moment later than the pod: until then calls still come.
                lifecycle = { preStop = { exec = { command = ["/usr/bin/node", "-e", "setTimeout(() => undefined, 5000)"] } } }
              })]
            })
          }
        }
      }
    },
    var.enrollment_key == null ? {} : {
      "Secret/enrollment" = {
        apiVersion = "v1"
        kind       = "Secret"
        metadata   = { name = "${var.name}-enrollment", namespace = var.namespace, labels = local.labels }
        type       = "Opaque"
        stringData = { ENROLLMENT_KEY = var.enrollment_key }
      }
    },
    { for name, pool in local.deployments : "Deployment/${name}" => {
      apiVersion = "apps/v1"
      kind       = "Deployment"
      metadata   = { name = "${var.name}-${name}-workers", namespace = var.namespace, labels = local.labels }
      spec = merge(
        pool.min_replicas == null ? { replicas = pool.replicas } : {},
        {
          selector = { matchLabels = { app = "sagewai-worker", pool = name, "app.kubernetes.io/instance" = var.name } }
          template = local.worker_pods[name]
        },
      )
    } },
    { for name, pool in local.daemon_sets : "DaemonSet/${name}" => {
      apiVersion = "apps/v1"
      kind       = "DaemonSet"
      metadata   = { name = "${var.name}-${name}-workers", namespace = var.namespace, labels = local.labels }
      spec = {
        selector = { matchLabels = { app = "sagewai-worker", pool = name, "app.kubernetes.io/instance" = var.name } }
        template = local.worker_pods[name]
      }
    } },
    { for name, pool in local.deployments : "HorizontalPodAutoscaler/${name}" => {
      apiVersion = "autoscaling/v2"
      kind       = "HorizontalPodAutoscaler"
      metadata   = { name = "${var.name}-${name}-workers-hpa", namespace = var.namespace, labels = local.labels }
      spec = {
        scaleTargetRef = { apiVersion = "apps/v1", kind = "Deployment", name = "${var.name}-${name}-workers" }
        minReplicas    = pool.min_replicas
        maxReplicas    = pool.max_replicas
        metrics = [{ type = "External", external = {
          metric = { name = "sagewai_pending_runs", selector = { matchLabels = { pool = name } } }
          target = { type = "AverageValue", averageValue = "5" }
        } }]
      }
    } if pool.min_replicas != null },
  )
}

resource "kubernetes_manifest" "object" {
  # The names of the objects are no secret, though some of what stands in them is.
  for_each = toset(nonsensitive(keys(local.objects)))
  manifest = local.objects[each.key]
}
