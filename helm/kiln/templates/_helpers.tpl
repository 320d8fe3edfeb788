{{- define "kiln.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains "kiln" .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-kiln" (.Release.Name | trunc 35 | trimSuffix "-") -}}
{{- end -}}
{{- end -}}

{{- define "kiln.operator" -}}
{{- include "kiln.fullname" . }}-operator
{{- end -}}

{{- define "kiln.config" -}}
{{- include "kiln.fullname" . }}-config
{{- end -}}

{{- define "kiln.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "kiln.operator" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "kiln.lease" -}}
{{- default (include "kiln.operator" .) .Values.leaderElection.leaseName -}}
{{- end -}}

{{/* What a selector may hold: it must never change between versions. */}}
{{- define "kiln.selectorLabels" -}}
app.kubernetes.io/name: kiln-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "kiln.labels" -}}
{{- $own := dict
  "app.kubernetes.io/name" "kiln-operator"
  "app.kubernetes.io/instance" .Release.Name
  "app.kubernetes.io/version" .Chart.AppVersion
  "app.kubernetes.io/component" "operator"
  "app.kubernetes.io/part-of" "kiln"
  "app.kubernetes.io/managed-by" .Release.Service
  "helm.sh/chart" (printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_")) -}}
{{- toYaml (mergeOverwrite (deepCopy .Values.commonLabels) $own) -}}
{{- end -}}

{{/* A reference to one of our images: (dict "root" $ "name" "operator") */}}
{{- define "kiln.image" -}}
{{- $image := index .root.Values.image .name -}}
{{- $repository := required (printf "image.%s.repository is not set: Kiln publishes no images yet. Build them, push them to a registry of yours, and set image.operator, image.worker and image.buildkit." .name) $image.repository -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (default .root.Chart.AppVersion $image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "kiln.configuration" -}}
images:
  worker: {{ include "kiln.image" (dict "root" . "name" "worker") | quote }}
  buildkit: {{ include "kiln.image" (dict "root" . "name" "buildkit") | quote }}
  pullPolicy: {{ .Values.image.pullPolicy }}
watchNamespaces: {{ toJson .Values.watchNamespaces }}
worker:
  {{- $delivery := ternary "ImageVolume" "Copy" (semverCompare ">=1.35-0" .Capabilities.KubeVersion.Version) }}
  {{- $worker := merge (dict "twinsDelivery" (default $delivery .Values.worker.twinsDelivery)) .Values.worker }}
  {{- toYaml $worker | nindent 2 }}
cacheVolumes:
  {{- toYaml .Values.cacheVolumes | nindent 2 }}
placement:
  {{- toYaml .Values.placement | nindent 2 }}
admission:
  {{- toYaml .Values.admission | nindent 2 }}
registries: {{- if .Values.registries }}
  {{- toYaml .Values.registries | nindent 2 }}
  {{- else }} []
  {{- end }}
leaderElection:
  enabled: {{ .Values.leaderElection.enabled }}
  leaseName: {{ include "kiln.lease" . }}
http:
  port: 8080
{{- end -}}
