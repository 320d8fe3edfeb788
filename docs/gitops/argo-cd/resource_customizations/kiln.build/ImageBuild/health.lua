-- The status follows kstatus: an observedGeneration, and Reconciling and Stalled that exist only while they are True.
local health = {status = "Progressing", message = "Waiting for Kiln to look at this version of the object"}

if obj.status == nil or obj.status.conditions == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return health
end

local conditions = {}
for _, condition in ipairs(obj.status.conditions) do
  conditions[condition.type] = condition
end

local function is(type, status)
  return conditions[type] ~= nil and conditions[type].status == status
end

if is("Reconciling", "True") then
  health.message = conditions["Reconciling"].message
elseif is("Stalled", "True") then
  health.status = "Degraded"
  health.message = conditions["Stalled"].message
elseif is("Ready", "True") then
  health.status = "Healthy"
  health.message = conditions["Ready"].message
elseif is("Ready", "False") and conditions["Ready"].reason == "Suspended" then
  health.status = "Suspended"
  health.message = conditions["Ready"].message
end

return health
