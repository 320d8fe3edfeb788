local suspended = obj.spec.suspend == true

local underWay = false
if obj.status ~= nil and obj.status.conditions ~= nil then
  for _, condition in ipairs(obj.status.conditions) do
    if condition.type == "Reconciling" and condition.status == "True" then
      underWay = true
    end
  end
end

local actions = {}
actions["rebuild"] = {["disabled"] = suspended, ["displayName"] = "Rebuild", ["iconClass"] = "fa fa-fw fa-redo"}
actions["cancel"] = {["disabled"] = not underWay, ["displayName"] = "Cancel the run", ["iconClass"] = "fa fa-fw fa-stop"}
actions["suspend"] = {["disabled"] = suspended, ["displayName"] = "Suspend", ["iconClass"] = "fa fa-fw fa-pause"}
actions["resume"] = {["disabled"] = not suspended, ["displayName"] = "Resume", ["iconClass"] = "fa fa-fw fa-play"}
return actions
